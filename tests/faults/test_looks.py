"""The judge of screens notices what it is there to notice: a wall of which something is wrong."""

from tests.faults.harness.looks import (
    BoardLook,
    Look,
    Try,
    never_said,
    stood_still,
    told_to_others,
    too_few,
    too_many,
    unseen,
    wrongly_dated,
)

NEVER: list[tuple[float, float]] = []


def wall(at: float, good: int = 5, **said: bool) -> Look:
    return Look(at, good, said.get("lost", False), said.get("old", False), 0, "")


def board(at: float, shipped: int = 5, age_s: float = 0.0, **said: bool) -> BoardLook:
    return BoardLook(at, shipped, said.get("lost", False), age_s, said.get("foreign", False))


def every_second(until: int, **said: bool) -> list[Look]:
    return [wall(float(at), **said) for at in range(until)]


def test_an_old_count_without_a_label_is_noticed_though_nothing_more_was_acknowledged() -> None:
    assert too_few(every_second(20), lambda at: 5) == []
    assert stood_still(every_second(20), NEVER) == [
        "the wall stood still as if it were live for 19 s"
    ]


def test_a_count_may_stand_still_for_fifteen_seconds_or_while_senders_rest_or_labelled() -> None:
    assert stood_still(every_second(16), NEVER) == []
    assert stood_still(every_second(20), [(0.0, 5.0)]) == []
    assert stood_still(every_second(14) + [wall(at, old=True) for at in (15.0, 30.0)], NEVER) == []
    woken = [*every_second(14), wall(14.0, lost=True), wall(40.0, lost=True), wall(41.0)]
    assert stood_still(woken, NEVER) == []
    assert stood_still([wall(float(at), good=at) for at in range(40)], NEVER) == []


def test_a_panel_that_is_hatched_elsewhere_is_no_label_of_the_count() -> None:
    assert not Look(1.0, 5, lost=False, old=False, hatched=3, behind="").says_so


def test_a_count_that_was_passed_fifteen_seconds_before_is_noticed_unless_it_is_labelled() -> None:
    def acknowledged(at: float) -> int:
        return 9 if at >= 1 else 0

    assert too_few([wall(15.9)], acknowledged) == []
    assert too_few([wall(16.1)], acknowledged) == [
        "the wall showed 4 pieces too few as live after 15 s"
    ]
    assert too_few([wall(16.1, lost=True), wall(17.0, old=True)], acknowledged) == []


def test_a_count_of_more_than_was_ever_sent_is_noticed_however_short_it_stood() -> None:
    def sent(at: float) -> int:
        return 9 if at >= 1 else 5

    tries = [Try(0.0, 0.5, True), Try(0.6, 0.7, False), Try(0.8, 1.2, True)]
    assert too_many("it", [5, 9], tries, sent) == []
    assert too_many("it", [6, 9], tries, sent) == ["it showed 1 more than was sent"]


def test_a_screen_that_nothing_reached_must_have_said_so_within_fifteen_seconds() -> None:
    told = [*every_second(12), *(wall(float(at), lost=True) for at in range(12, 30))]
    assert never_said("the wall", told, [(0.0, 30.0)]) == []
    assert len(never_said("the wall", every_second(30), [(0.0, 30.0)])) == 1
    late = [*every_second(20), *(wall(float(at), lost=True) for at in range(20, 30))]
    assert "4 of 14 looks" in never_said("the wall", late, [(0.0, 30.0)])[0]
    assert never_said("the wall", every_second(12), [(0.0, 10.0)]) == []


def test_a_screen_that_nobody_looked_at_proves_nothing() -> None:
    assert len(never_said("the wall", [], [(0.0, 30.0)])) == 1
    assert unseen("the wall", []) == ["the wall could not be looked at"]


def test_a_screen_that_could_not_be_looked_at_for_long_is_noticed() -> None:
    assert unseen("the wall", [Try(0.0, 0.1, True), Try(30.0, 30.1, True)]) == []
    hung = [Try(0.0, 0.1, True), *(Try(at, at + 4.0, False) for at in (1.0, 5.1, 9.2))]
    assert unseen("the wall", [*hung, Try(13.3, 15.9, True)]) == []
    assert unseen("the wall", [*hung, Try(13.3, 17.0, True)]) == [
        "the wall could not be looked at for 16 s"
    ]
    gone = [Try(float(at), at + 0.1, at > 17) for at in range(20)]
    assert unseen("the wall", gone) == ["the wall could not be looked at for 18 s"]
    assert unseen("the wall", [Try(0.0, 4.0, False)]) == ["the wall could not be looked at"]


def test_a_browser_that_waited_for_the_machine_once_or_twice_is_no_fault_of_the_program() -> None:
    assert unseen("the wall", [Try(0.0, 16.0, True)]) == []
    waited = [Try(0.0, 0.1, True), Try(1.0, 5.0, False), Try(13.0, 17.0, False)]
    assert unseen("the wall", [*waited, Try(25.0, 26.0, True)]) == []


def test_a_page_must_be_right_as_of_the_instant_that_it_names() -> None:
    def acknowledged(at: float) -> int:
        return 9 if at >= 1 else 5

    assert wrongly_dated("it", [board(17.0)], acknowledged) == [
        "it showed 4 too few as of the instant it names"
    ]
    assert wrongly_dated("it", [board(17.0, age_s=2.0)], acknowledged) == []
    assert len(wrongly_dated("it", [board(17.0, age_s=-7200.0)], acknowledged)) == 1


def test_a_page_with_the_words_of_another_supplier_is_noticed() -> None:
    assert told_to_others("it", [board(1.0)]) == []
    assert told_to_others("it", [board(1.0), board(2.0, foreign=True)]) == [
        "it showed another supplier's words in 1 looks"
    ]
