"""Embeddings and positions by the arguments of the documents."""

from syntonic.nn import architectures


class PurePositionalEncoding(architectures.PositionalEncoding):
    """Adds an encoding of the position; longer sequences than `max_len` make the table longer.

    Args:
        d_model: Size of the last axis.
        max_len: Positions to begin with.
        use_golden: Whether wavelengths grow by powers of phi; of 10000 otherwise.
        positional: The encoding by its name; "learned" has a table of parameters, which keeps its length.

    Raises:
        ValueError: as `PositionalEncoding`.
    """

    def __init__(
        self,
        d_model: int,
        max_len: int = 5000,
        use_golden: bool = True,
        *,
        positional: architectures.Positional | None = None,
    ) -> None:
        super().__init__(d_model, max_len, positional=positional or ("golden" if use_golden else "standard"))
        self.grows = self.table is None


class PureWindingEmbedding(architectures.WindingEmbedding):
    """Phases of a token on circles of different winding; see `WindingEmbedding`.

    Args:
        num_embeddings: Number of tokens; a token beyond it has the phases of another one within.
        embedding_dim: Size of the result.
        num_windings: Number of circles.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, num_windings: int = 8) -> None:
        super().__init__(num_embeddings, embedding_dim, num_windings=num_windings)


class PureSyntonicEmbedding(architectures.SyntonicEmbedding):
    """A row of a table for each token, harmonized and normalised; see `SyntonicEmbedding`.

    Args:
        num_embeddings: Number of tokens.
        embedding_dim: Size of a row.
        harmonize: Whether rows are harmonized and normalised.
        padding_idx: A token whose row is zero.
        padding_token: The same.

    Raises:
        ValueError: a size below 1, or a token outside of the vocabulary.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        harmonize: bool = True,
        padding_idx: int | None = None,
        *,
        padding_token: int | None = None,
    ) -> None:
        padding = padding_idx if padding_token is None else padding_token
        super().__init__(num_embeddings, embedding_dim, harmonize=harmonize, padding_token=padding)
