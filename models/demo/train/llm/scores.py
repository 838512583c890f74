"""Counts of right answers, put together from several processes."""

import collections
import multiprocessing


class Score:
    """Counts by name."""

    def __init__(self):
        self.right, self.total = collections.Counter(), collections.Counter()
        self.promises, self.wrong = [], []

    def add(self, names, good):
        """One case."""
        for name in names:
            self.total[name] += 1
            self.right[name] += good

    def of(self, name):
        """Right ones and all."""
        return [self.right[name], self.total[name]]

    def share(self, name):
        """Share of the right ones."""
        return self.right[name] / max(1, self.total[name])

    def merge(self, other):
        """Add the counts of another one."""
        self.right.update(other.right)
        self.total.update(other.total)
        self.promises += other.promises
        self.wrong += other.wrong


def in_parts(count, jobs):
    """The sum of `count(part, jobs)` of all parts, each in a process."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    workers = [context.Process(
        target=lambda part=part: queue.put(count(part, jobs)))
        for part in range(jobs)]
    for worker in workers:
        worker.start()
    score = Score()
    for _ in workers:
        score.merge(queue.get())
    for worker in workers:
        worker.join()
    return score
