"""Checks of the exercises: ``check_01_nand(my_neuron)`` prints what is right, what is not, and a hint.

A module a chapter. Whatever a check is given, it prints a message and raises nothing.
"""

from helpers.exercises.ch01 import (
    check_01_equal,
    check_01_largest_rate,
    check_01_loop,
    check_01_nand,
    check_01_relu_and,
    check_01_ten_times,
    check_01_third_feature,
)
from helpers.exercises.ch02 import (
    check_02_awake,
    check_02_batches,
    check_02_evaluate,
    check_02_fewer_features,
    check_02_paired,
    check_02_quarter,
    check_02_scaling,
)
from helpers.exercises.ch03 import (
    check_03_fold,
    check_03_hat,
    check_03_learned_slope,
    check_03_sigmoid_start,
    check_03_small_inputs,
    check_03_softmax,
    check_03_softplus,
)
from helpers.exercises.ch04 import (
    check_04_costly_constant,
    check_04_costly_loss,
    check_04_cross_entropy,
    check_04_letters,
    check_04_shapes,
    check_04_smoothing,
    check_04_threshold,
)
from helpers.exercises.ch05 import (
    check_05_adagrad,
    check_05_kappa,
    check_05_limit,
    check_05_loop,
    check_05_report,
    check_05_step_size,
    check_05_warmup,
)
from helpers.exercises.ch06 import (
    check_06_best_of_twenty,
    check_06_cross_validation,
    check_06_folds,
    check_06_pooled,
    check_06_standard_error,
    check_06_twice,
)
from helpers.exercises.ch07 import (
    check_07_averaging,
    check_07_count,
    check_07_freeze,
    check_07_keep_best,
    check_07_load,
    check_07_relus,
    check_07_swapped,
)
from helpers.exercises.ch08 import (
    check_08_false_alarms,
    check_08_how_many,
    check_08_paired,
    check_08_saying,
    check_08_verdicts,
)
