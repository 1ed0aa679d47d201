"""A mapping says what the columns of a log mean; what is wrong in one is said with its key."""

from pathlib import Path

import pytest

from data.connectors.mapping import Mapping, MappingError, parse_mapping
from tests.unit.connectors.logs import MAPPING


class TestMapping:
    @pytest.mark.parametrize(
        ("change", "key"),
        [
            (("id: shop, ", ""), "site.id"),
            (("id: shop", "id: a/b"), "site.id"),
            (("Asia/Taipei", "Asia/Nowhere"), "site.timezone"),
            (("Asia/Taipei", "Asia"), "site.timezone"),
            (("  order: Order\n", ""), "columns.order"),
            (("order: Order", "orders: Order"), "columns.orders"),
            (("  start: From\n  finish: To\n", ""), "columns.start"),
            (("good: Good", "good: Good\n  duration: D"), "columns.duration"),
            (
                ("operation: Step", "operation: {column: Step, pattern: 'no group'}"),
                "columns.operation.pattern",
            ),
            (("columns:", "file: {delimiter: ';;'}\ncolumns:"), "file.delimiter"),
            (("columns:", "file: {encoding: nope}\ncolumns:"), "file.encoding"),
            (("columns:", "times: {duration_unit: weeks}\ncolumns:"), "times.duration_unit"),
            (("columns:", "plan: {due_factor: 0}\ncolumns:"), "plan.due_factor"),
            (("columns:", "constants: {quantity: none}\ncolumns:"), "constants.quantity"),
            (
                ("columns:", "shifts: [{name: A, start: 6, finish: 14:00}]\ncolumns:"),
                "shifts[0].start",
            ),
            (("columns:", "skip: [{column: Step}]\ncolumns:"), "skip[0].values"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_key(self, change: tuple[str, str], key: str) -> None:
        assert change[0] in MAPPING
        with pytest.raises(MappingError) as error:
            parse_mapping(MAPPING.replace(*change, 1))
        assert error.value.key == key

    @pytest.mark.parametrize("text", ["a: [", "", "- 1", "!!python/object:os.system {}"])
    def test_text_that_is_no_mapping_is_refused(self, text: str) -> None:
        with pytest.raises(MappingError):
            parse_mapping(text)

    def test_scalars_are_the_text_that_they_look_like(self) -> None:
        text = MAPPING + "skip: [{column: Step, values: [007, no, 14:00]}]\n"
        assert parse_mapping(text).skip[0].values == ("007", "no", "14:00")

    @pytest.mark.parametrize(
        "path", sorted((Path(__file__).parents[3] / "docs" / "mappings").glob("*.yaml"))
    )
    def test_the_shipped_mappings_are_good(self, path: Path) -> None:
        assert isinstance(parse_mapping(path.read_bytes()), Mapping)
