"""Times recursive fib(35) through functools.cache, fresh each time, and prints nanoseconds.

The first number counts the calls only, the second also counts the decoration.
"""

import functools
import time

COUNT = 200
ROUNDS = 50


def make():
    @functools.cache
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return fib


def calls():
    made = [make() for _ in range(COUNT)]
    start = time.perf_counter_ns()
    for fib in made:
        fib(35)
    return (time.perf_counter_ns() - start) / COUNT


def all_of_it():
    start = time.perf_counter_ns()
    for _ in range(COUNT):
        make()(35)
    return (time.perf_counter_ns() - start) / COUNT


assert make()(35) == 9227465
print(min(calls() for _ in range(ROUNDS)), min(all_of_it() for _ in range(ROUNDS)))
