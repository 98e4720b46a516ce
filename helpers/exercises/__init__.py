"""Checks of the exercises: ``check_01_nand(my_neuron)`` prints what is right, what is not, and a hint.

A module a chapter, so that a chapter imports only what it needs. Whatever a check is given, it prints
a message and raises nothing.
"""
