"""What goes first: questions, then the few documents of an adding, then one adding of many at a time."""

from __future__ import annotations

import threading

from assistant.core.priority import FEW, QuestionPriority, Rank, rank_of


def test_only_a_few_first_documents_go_before_the_rest() -> None:
    assert rank_of(FEW, is_first=True) is Rank.NEW
    assert rank_of(FEW + 1, is_first=True) is Rank.REST
    assert rank_of(1, is_first=False) is Rank.REST


def test_of_what_can_wait_one_is_done_at_a_time() -> None:
    priority, begun, go_on = QuestionPriority(), threading.Semaphore(0), threading.Event()
    done = []

    def work() -> None:
        with priority.in_turn(Rank.REST):
            begun.release()
            go_on.wait(60)
            done.append(True)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.acquire(timeout=60)
    assert not begun.acquire(timeout=0.3)
    # A question does not wait for it.
    with priority.in_turn(Rank.QUESTION):
        go_on.set()
    for thread in threads:
        thread.join()
    assert len(done) == 3
