"""Seals: read with the key alone, in their own place, unchanged."""

import pytest

from data.services.sealing import Box, SealError, is_sealed

BOX = Box(bytes(range(32)))


def test_what_is_sealed_can_be_opened_and_never_looks_alike():
    one, other = BOX.sealed("JBSWY3DP", "lin"), BOX.sealed("JBSWY3DP", "lin")
    assert one != other and is_sealed(one) and "JBSWY3DP" not in one
    assert BOX.opened(one, "lin") == BOX.opened(other, "lin") == "JBSWY3DP"


def test_another_key_another_place_and_a_change_are_told():
    kept = BOX.sealed("JBSWY3DP", "lin")
    changed = kept[:-3] + ("A" if kept[-3] != "A" else "B") + kept[-2:]
    for box, text, whose in (
        (Box(bytes(32)), kept, "lin"),
        (BOX, kept, "chen"),
        (BOX, changed, "lin"),
        (BOX, kept[:20], "lin"),
        (BOX, "sealed1:not base 64!", "lin"),
    ):
        with pytest.raises(SealError, match="the program's secret has changed"):
            box.opened(text, whose)


def test_what_was_kept_before_there_were_seals_is_read_as_it_is():
    assert BOX.opened("JBSWY3DP", "lin") == "JBSWY3DP"
    assert not is_sealed("JBSWY3DP")
