"""Frames: Server-Sent Events that browsers read, and a gzip stream made of shared blocks."""

import gzip
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks import frames
from callbacks.frames import GZIP_HEADER, Frame, Retry


def test_a_frame_is_one_event_with_id_name_and_data() -> None:
    frame = Frame("cells", {"c": {"a": {"t": "1"}}}, "b-1.7")
    assert frame.plain == b'id: b-1.7\nevent: cells\ndata: {"c":{"a":{"t":"1"}}}\n\n'
    assert Frame("beat", 1).plain == b"event: beat\ndata: 1\n\n"


def test_a_retry_is_a_field_and_no_event() -> None:
    assert Retry(750).plain == b"retry: 750\n\n"


@given(st.dictionaries(st.text(), st.text()))
def test_no_text_breaks_out_of_its_line(data: dict[str, str]) -> None:
    plain = Frame("cells", data, "x.1").plain
    assert plain.count(b"\n") == 4
    assert b"\r" not in plain
    sent = plain.split(b"data: ", 1)[1].rstrip(b"\n")
    assert msgspec.json.decode(sent) == data


@given(st.lists(st.tuples(st.sampled_from(["cells", "beat"]), st.text()), max_size=6), st.data())
def test_any_sequence_of_frames_after_a_header_is_gzip_and_arrives_frame_by_frame(
    told: list[tuple[str, str]], data: st.DataObject
) -> None:
    made = [Frame(event, text) for event, text in told]
    order = data.draw(st.lists(st.sampled_from(made), max_size=12)) if made else []
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert unpacker.decompress(GZIP_HEADER) == b""
    for frame in order:  # what was sent is readable at once, not with the next frame
        assert unpacker.decompress(frame.packed) == frame.plain
    assert not unpacker.unused_data


def test_a_stream_that_is_cut_off_holds_all_that_was_sent() -> None:
    made = [Frame("cells", {"n": n}) for n in range(20)]
    whole = GZIP_HEADER + b"".join(frame.packed for frame in made)
    with pytest.raises(EOFError):
        gzip.decompress(whole)  # live streams never end properly
    assert zlib.decompressobj(31).decompress(whole) == b"".join(frame.plain for frame in made)


def test_a_frame_is_encoded_and_compressed_once_for_all_its_viewers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed, encoded = [], []
    compress, encode = zlib.compressobj, frames._encode
    monkeypatch.setattr(zlib, "compressobj", lambda *a: packed.append(a) or compress(*a))
    monkeypatch.setattr(frames, "_encode", lambda data: encoded.append(data) or encode(data))
    frame = Frame("cells", {"a": "b"})
    assert len({frame.bytes(True) for _ in range(50)}) == 1
    assert len({frame.bytes(False) for _ in range(50)}) == 1
    assert (len(packed), len(encoded)) == (1, 1)
