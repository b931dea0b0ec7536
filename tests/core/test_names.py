"""Each name that the specification has for the numeric core is there, or in the list of those that are not, and why."""

import importlib
import inspect

import pytest

from syntonic import _core

# Where each of these names is; a class is followed by its members.
NAMES = {
    "syntonic.core.golden:GoldenExact": """
        from_integers golden_ratio golden_squared coherence_parameter root_five phi_to_power nearest
        nearest_rational snap rational_coefficient phi_coefficient galois_conjugate field_norm field_trace power
        reciprocal eval is_purely_rational is_purely_golden error_from __add__ __sub__ __mul__ __truediv__
        __neg__ __eq__ __lt__ __hash__
    """,
    "syntonic.core.golden": """
        PHI PHI_INVERSE PHI_INVERSE_SQUARED E_STAR Q_DEFICIT S_STAR D4_KISSING STRUCTURES correction_factor
        GoldenMeasure GoldenRecursionMap
    """,
    "syntonic.core.golden:GoldenMeasure": """
        weight log_weight weighted_sum partition_function expectation variance theta_sum effective_temperature
    """,
    "syntonic.core.golden:GoldenRecursionMap": "__call__ inverse orbit orbit_depth mass_scaling",
    "syntonic.core.fibonacci": "fibonacci lucas LUCAS_SEQUENCE pisano_period",
    "syntonic.core.number_theory": "FERMAT_PRIMES MERSENNE_PRIMES",
    "syntonic.core.phase": "phase_functional matrix_phase phase_cost density_spectrum TARGET_PHASE",
    "syntonic.core.state": "State zeros ones random randn eye from_list from_numpy from_torch",
    "syntonic.core.state:State": """
        shape ndim size dtype device syntony gnosis free_energy to_list tolist cuda cpu to __add__ __sub__
        __mul__ __truediv__ __neg__ __matmul__ __pow__ norm normalize sum mean max min abs exp log sin cos sqrt
        tanh sigmoid relu exp_golden layer_norm dropout conj real imag T H reshape flatten squeeze unsqueeze
        differentiate harmonize recurse
    """,
    "syntonic.core.winding": """
        WindingState enumerate_windings enumerate_windings_by_norm enumerate_windings_exact_norm count_windings
    """,
    "syntonic.core.winding:WindingState": """
        n norm_squared norm max_component generation golden_weight inner_product is_zero is_vacuum to_tuple zero
        unit from_tuple __add__ __sub__ __neg__ __mul__ __len__ __getitem__ __iter__ __hash__ __eq__ __str__
    """,
    "syntonic._core:ResonantTensor": """
        from_golden_exact zeros ones randn from_floats_cuda shape syntony phase precision device_idx __len__
        to_list to_floats to_lattice_list get_lattice get_mode_norm_sq matmul add_bias wake_flux
        wake_flux_values crystallize crystallize_from_values cpu_cycle batch_cpu_cycle cycle cuda_cycle_gpu
        wake_flux_with_d_phase_py apply_recursion apply_inverse_recursion prune_hierarchy snap_distance
        snap_gradient dwell relu sigmoid tanh gelu elementwise_add elementwise_mul scalar_add scalar_mul negate
        one_minus log exp sin cos pow sqrt softmax concat index_select view reshape transpose permute mean var
        sum max min prod norm layer_norm dropout masked_select gather scatter eq ne lt le gt ge to_device to_cpu
        broadcast_add broadcast_mul __getitem__ __add__ __sub__ __mul__ __truediv__ __neg__
    """,
    "syntonic._core": """
        py_mobius py_is_square_free py_mertens py_golden_weight py_golden_weights py_e_star
        py_compute_winding_syntony py_batch_winding_syntony py_aggregate_syntony py_standard_mode_norms
        py_mse_loss py_softmax py_cross_entropy_loss py_batch_cross_entropy_loss py_syntony_loss
        py_syntony_loss_srt py_phase_alignment_loss py_syntonic_loss py_estimate_syntony_from_probs
        py_golden_decay_loss py_broadcast_shape py_are_broadcastable py_broadcast_add py_broadcast_mul
        py_broadcast_sub py_broadcast_div py_linear_index py_inplace_add_scalar py_inplace_mul_scalar
        py_inplace_sub_scalar py_inplace_div_scalar py_inplace_negate py_inplace_abs py_inplace_clamp
        py_inplace_golden_weight py_conv2d py_max_pool2d py_avg_pool2d py_global_avg_pool2d linalg_mm
        linalg_mm_add linalg_mm_tn linalg_mm_nt linalg_mm_tt linalg_mm_gemm linalg_mm_hn linalg_mm_nh linalg_bmm
        linalg_mm_phi linalg_phi_bracket linalg_phi_antibracket linalg_mm_corrected linalg_mm_q_corrected_direct
        q_correction_scalar linalg_mm_golden_phase linalg_mm_golden_weighted linalg_projection_sum
        PhiResidualMode phi_residual phi_residual_relu GoldenNormMode golden_batch_norm_1d_py
        golden_batch_norm_2d_py golden_layer_norm GoldenBatchNormConfig GoldenBatchNormState SyntonicSoftmaxMode
        SyntonicSoftmaxState syntonic_softmax compute_syntonic_weights
    """,
    "syntonic._core:GoldenNormMode": "custom",
    "syntonic._core:GoldenBatchNormConfig": "num_features eps momentum affine track_running_stats",
    "syntonic._core:GoldenBatchNormState": "running_mean running_var num_batches_tracked gamma beta forward",
    "syntonic._core:SyntonicSoftmaxState": "forward",
    "syntonic.core.attractor": """
        centroid centroids distance gravity feature_distance retrocausal_harmonize syntony_gradient
        hybrid_gradient hooking_coefficient hooking_coefficients geodesic_gravity
    """,
    "syntonic.core.dhsr": "syntony differentiation harmonization dhsr_cycle dh_partition gnosis",
    "syntonic.core.dhsr_flow": """
        laplacian differentiation_full damping_cascade syntony_projection dhsr_step harmonize_history
        gnosis_mask archonic_filter entropy fourier_projection
    """,
}
# Names that the specification has and the library has not.
ABSENT = {
    "syntonic._core:ResonantTensor": {
        "lucas_noise": "it has no formula; the noise has one law",
        "crystallize_with_dwell_legacy": "it deepens by the clock and snaps what is snapped; `dwell` goes by the error",
    },
    "syntonic.core.state:State": {
        "numpy": "the library imports no array library; numpy.asarray(state) reads it without a copy",
        "torch": "the library imports no array library; torch.from_dlpack(state) reads it without a copy",
    },
}


def found(place):
    module, _, name = place.partition(":")
    thing = importlib.import_module(module)
    return getattr(thing, name) if name else thing


@pytest.mark.parametrize(("place", "name"), [(place, name) for place, names in NAMES.items() for name in names.split()])
def test_a_name_of_the_specification_is_there(place, name):
    assert getattr(found(place), name) is not None


@pytest.mark.parametrize(("place", "name"), [(place, name) for place, names in ABSENT.items() for name in names])
def test_what_is_absent_is_absent(place, name):
    assert not hasattr(found(place), name)
    assert ABSENT[place][name]


def test_documented_keywords():
    given = [
        (_core.ResonantTensor, {"data", "shape", "mode_norm_sq", "precision"}),
        (_core.ResonantTensor.from_golden_exact, {"lattice", "shape", "mode_norm_sq"}),
        (_core.ResonantTensor.zeros, {"shape", "precision"}),
        (_core.ResonantTensor.from_floats_cuda, {"data", "shape", "device_idx", "mode_norm_sq", "precision"}),
        (_core.syntonic_softmax, {"x", "dim", "mode", "mode_norms", "syntony", "syntony_scale"}),
        (_core.SyntonicSoftmaxState, {"mode", "dim", "num_features", "syntony_scale"}),
        (_core.GoldenBatchNormConfig, {"num_features", "eps", "momentum", "affine", "track_running_stats"}),
        (_core.golden_batch_norm_1d_py, {"x", "mode", "eps", "gamma", "beta"}),
        (_core.linalg_mm_gemm, {"a", "b", "ta", "tb", "alpha", "beta", "c"}),
        (found("syntonic.core.state:State"), {"data", "dtype", "device", "shape"}),
        (found("syntonic.core.state:State").harmonize, {"strength", "gamma"}),
    ]
    for function, names in given:
        assert names <= set(inspect.signature(function).parameters), function
