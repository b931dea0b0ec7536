"""Layers and models again, in float64 NumPy, written from their formulas."""

import numpy as np

PHI = (1 + np.sqrt(5)) / 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def affine(p, x, name):
    y = x @ p[f"{name}.weight"].T
    return y + p[f"{name}.bias"] if f"{name}.bias" in p else y


def part(p, name):
    """Returns the parameters of a part, by their names within it."""
    return {key.removeprefix(f"{name}."): value for key, value in p.items() if key.startswith(f"{name}.")}


def layer_norm(x, variance=1.0, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * np.sqrt(variance)


def syntonic_norm(p, x, golden=True):
    y = layer_norm(x, 1 / PHI if golden else 1.0)
    return y * p["scale.gamma"] + p["scale.beta"] if p else y


def differentiation(p, x, alpha=1.0):
    grown = alpha * relu(affine(p, x, "linear"))
    return x + grown if grown.shape == x.shape else grown


def harmonization(p, x, beta=1.0, gamma=1.0, centre=0.5):
    change = gamma * np.tanh(affine(p, x, "coherence")) - beta * (sigmoid(affine(p, x, "damping")) - centre)
    return x + change if change.shape == x.shape else change


def gate(p, x, y):
    g = sigmoid(affine(p, relu(affine(p, np.concatenate([x, y], -1), "first")), "second"))
    return g * y + (1 - g) * x


def recursion(p, x):
    y = harmonization(part(p, "harmonization"), differentiation(part(p, "differentiation"), x))
    return gate(part(p, "gate"), x, y) if "gate.first.weight" in p else y


def syntonic_linear(p, x, golden=True):
    y = affine(p, x, "linear")
    y = recursion(part(p, "recursion"), y) if part(p, "recursion") else relu(y)
    return syntonic_norm(part(p, "norm"), y, golden)


def residual(x, y, mode):
    return {"phi": x + y / PHI, "phi_symmetric": (x + y) / PHI, "standard": x + y}[mode]


def weights(d):
    return np.exp(-((3 * np.arange(d) / d) ** 2) / PHI)


def syntony(x):
    energy = (x**2).sum(-1, keepdims=True)
    return (x**2 * weights(x.shape[-1])).sum(-1, keepdims=True) / np.where(energy == 0, 1, energy)


def attention(q, k, v, heads, *, causal=False, mask=None, syntonic=False):
    """Attention, one head and one query at a time."""
    batch, queries, d = q.shape
    keys, width, out = k.shape[1], d // heads, v.shape[2] // heads
    y = np.zeros((batch, queries, v.shape[2]))
    for b in range(batch):
        for h in range(heads):
            own, into = slice(h * width, (h + 1) * width), slice(h * out, (h + 1) * out)
            for i in range(queries):
                scores = k[b, :, own] @ q[b, i, own] / np.sqrt(width)
                if syntonic:
                    scores = scores - (3 * (i - np.arange(keys)) / keys) ** 2 / PHI
                seen = np.ones(keys, bool) if mask is None else mask[b] > 0
                if causal:
                    seen = seen & (np.arange(keys) <= i)
                weight = np.where(seen, np.exp(scores - scores[seen].max(initial=-np.inf)), 0)
                y[b, i, into] = weight @ v[b, :, into] / weight.sum()
    return y


def multi_head(p, x, heads, **how):
    q, k, v = (affine(p, x, name) for name in ("query", "key", "value"))
    return affine(p, attention(q, k, v, heads, **how), "out")


def transformer_layer(p, x, heads, *, mode="phi", golden=False, **how):
    def norm(name, y):
        return syntonic_norm(part(p, name), y, golden)

    x = residual(x, multi_head(part(p, "attention"), norm("attention_norm", x), heads, **how), mode)
    return residual(x, affine(p, gelu(affine(p, norm("feed_norm", x), "feed_in")), "feed_out"), mode)


def convolution(x, weight, bias, stride, padding):
    """Cross-correlation of (batch, *space, channels), one output position at a time."""
    space = x.ndim - 2
    x = np.pad(x, [(0, 0), *[(padding, padding)] * space, (0, 0)])
    kernel = weight.shape[1:-1]
    sizes = [(n - k) // stride + 1 for n, k in zip(x.shape[1:-1], kernel, strict=True)]
    y = np.zeros((x.shape[0], *sizes, weight.shape[0]))
    for place in np.ndindex(*sizes):
        window = tuple(slice(i * stride, i * stride + k) for i, k in zip(place, kernel, strict=True))
        patch = x[(slice(None), *window)].reshape(x.shape[0], -1)
        y[(slice(None), *place)] = patch @ weight.reshape(weight.shape[0], -1).T + bias
    return y


def max_pool2d(x, size):
    batch, height, width, channels = x.shape
    x = x[:, : height // size * size, : width // size * size]
    return x.reshape(batch, height // size, size, width // size, size, channels).max((2, 4))
