"""What a run and its weights look like."""

from syntonic.nn.analysis.archonic_detector import ArchonicDetector as ArchonicDetector
from syntonic.nn.analysis.archonic_detector import ArchonicRegion as ArchonicRegion
from syntonic.nn.analysis.health import HealthReport as HealthReport
from syntonic.nn.analysis.health import health as health
from syntonic.nn.analysis.plots import plot_coefficients as plot_coefficients
from syntonic.nn.analysis.plots import plot_layer_syntonies as plot_layer_syntonies
from syntonic.nn.analysis.plots import plot_spectra as plot_spectra
from syntonic.nn.analysis.plots import plot_syntony_history as plot_syntony_history
from syntonic.nn.analysis.plots import plot_weight_lattice as plot_weight_lattice
from syntonic.nn.analysis.sensitivity import Sensitivity as Sensitivity
from syntonic.nn.analysis.sensitivity import sensitivity as sensitivity
from syntonic.nn.analysis.spectral import Spectrum as Spectrum
from syntonic.nn.analysis.spectral import spectra as spectra
from syntonic.nn.analysis.spectral import spectrum as spectrum
