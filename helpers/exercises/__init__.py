"""Checks of the exercises: ``check_01_nand(my_neuron)`` prints what is right, what is not, and a hint.

A module a chapter. Whatever a check is given, it prints a message and raises nothing.
"""

