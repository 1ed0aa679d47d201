"""The tables of a plan: which columns each record has, and by which headings they are known.

For `data.connectors.plan_files` alone. `docs/import-plan.md` repeats it; a test holds them equal.
"""

import re
import unicodedata
from enum import StrEnum

from msgspec import Struct

from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.plan_rules import nearest


class Kind(StrEnum):
    """What one row describes."""

    ORDER = "order"
    OPERATION = "operation"
    MILESTONE = "milestone"
    NEED = "need"


class Holds(StrEnum):
    """What a cell holds, as the planner is told."""

    TEXT = "text"
    WHOLE = "whole number"
    SECONDS = "seconds"
    INSTANT = "date and time"
    YES_NO = "yes or no"
    IDS = "ids, such as 10;20"


class Column(Struct, frozen=True):
    """A column of one kind of record; `field` is where its value goes in the document."""

    name: str
    field: str
    holds: Holds
    about: str
    required: bool = False


class Headings(Struct, frozen=True):
    """The names of a column, whatever the table: the first of each language is the usual one."""

    en: tuple[str, ...]
    hant: tuple[str, ...]
    hans: tuple[str, ...]


RECORD = "record"
SHEETS = {
    Kind.ORDER: "orders",
    Kind.OPERATION: "operations",
    Kind.MILESTONE: "milestones",
    Kind.NEED: "needs",
}
PARTS = {Kind.OPERATION: "operations", Kind.MILESTONE: "milestones", Kind.NEED: "needs"}
STRUCTS: dict[Kind, type[Order] | type[Operation] | type[Milestone] | type[MaterialNeed]] = {
    Kind.ORDER: Order,
    Kind.OPERATION: Operation,
    Kind.MILESTONE: Milestone,
    Kind.NEED: MaterialNeed,
}
_LINK = Column("order", "order", Holds.TEXT, "the order it belongs to", True)
_STEP = Column("operation", "operation", Holds.TEXT, "the operation of the order", True)

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    Kind.ORDER: (
        Column("order", "id", Holds.TEXT, "the order's number", True),
        Column("product", "product", Holds.TEXT, "what is made", True),
        Column("quantity", "quantity", Holds.WHOLE, "how many", True),
        Column("due_at", "due_at", Holds.INSTANT, "when the customer expects it", True),
        Column("area", "area", Holds.TEXT, "the line whose wall shows it"),
        Column("family", "family", Holds.TEXT, "product family"),
        Column("customer", "customer", Holds.TEXT, "a customer of the site"),
        Column("shipped_by", "shipped_by", Holds.TEXT, "the logistics provider that ships it"),
        Column("released_at", "released_at", Holds.INSTANT, "when work may begin"),
        Column("cancelled", "cancelled", Holds.YES_NO, "no, when not given"),
    ),
    Kind.OPERATION: (
        _LINK,
        Column("operation", "id", Holds.TEXT, "its number within the order", True),
        Column("name", "name", Holds.TEXT, "what is done"),
        Column("work_center", "work_center", Holds.TEXT, "a work center of the site", True),
        Column("work_unit", "work_unit", Holds.TEXT, "a work unit of that work center"),
        Column("planned_start", "planned_start", Holds.INSTANT, "when it should start", True),
        Column("planned_finish", "planned_finish", Holds.INSTANT, "not before its start", True),
        Column("run_time_s", "run_time_s", Holds.SECONDS, "run time of one unit; 0"),
        Column("setup_s", "setup_s", Holds.SECONDS, "set-up, once; 0"),
        Column("critical", "critical", Holds.YES_NO, "others wait on it; no"),
        Column("performed_by", "performed_by", Holds.TEXT, "the party it is outsourced to"),
        Column(
            "predecessors",
            "predecessors",
            Holds.IDS,
            "operations that come before; not given: the row above; `-`: none",
        ),
    ),
    Kind.MILESTONE: (
        _LINK,
        Column("milestone", "id", Holds.TEXT, "its number within the order", True),
        Column("name", "name", Holds.TEXT, "what is reached", True),
        Column("operation", "operation", Holds.TEXT, "reached when it completes", True),
        Column("baseline_at", "baseline_at", Holds.INSTANT, "as first planned", True),
        Column("committed_at", "committed_at", Holds.INSTANT, "as promised"),
    ),
    Kind.NEED: (
        _LINK,
        Column("need", "id", Holds.TEXT, "its number within the order", True),
        Column("part", "part", Holds.TEXT, "which part", True),
        Column("name", "name", Holds.TEXT, "what it is called"),
        _STEP,
        Column("supplier", "supplier", Holds.TEXT, "a supplier of the site", True),
        Column("quantity", "quantity", Holds.WHOLE, "how many", True),
        Column("need_by", "need_by", Holds.INSTANT, "when it must be there", True),
    ),
}

HEADINGS: dict[str, Headings] = {
    RECORD: Headings(("record", "record type"), ("記錄類型", "記錄"), ("记录类型", "记录")),
    "order": Headings(
        ("order", "order id", "order no", "order number", "production order"),
        ("訂單", "訂單號", "訂單編號", "工單", "工單號", "工單編號"),
        ("订单", "订单号", "订单编号", "工单", "工单号", "工单编号"),
    ),
    "product": Headings(
        ("product", "product id", "item"), ("產品", "產品編號", "品號"), ("产品", "产品编号")
    ),
    "quantity": Headings(("quantity", "qty"), ("數量",), ("数量",)),
    "due_at": Headings(
        ("due_at", "due", "due date"), ("交期", "交貨日期"), ("交期", "交货日期", "交货期")
    ),
    "area": Headings(("area", "line"), ("產線", "區域", "線別"), ("产线", "区域", "线别")),
    "family": Headings(
        ("family", "product family"), ("產品族", "產品系列"), ("产品族", "产品系列")
    ),
    "customer": Headings(("customer", "customer id"), ("客戶", "客戶編號"), ("客户", "客户编号")),
    "shipped_by": Headings(
        ("shipped_by", "carrier", "forwarder"), ("承運商", "物流商"), ("承运商", "物流商")
    ),
    "released_at": Headings(
        ("released_at", "released", "release", "release date"),
        ("下達日期", "釋放日期", "發放日期"),
        ("下达日期", "释放日期", "发放日期"),
    ),
    "cancelled": Headings(("cancelled", "canceled"), ("已取消", "取消"), ("已取消", "取消")),
    "operation": Headings(
        ("operation", "operation id", "operation no", "step"),
        ("工序", "工序號", "工序編號"),
        ("工序", "工序号", "工序编号"),
    ),
    "name": Headings(("name", "description"), ("名稱",), ("名称",)),
    "work_center": Headings(
        ("work_center", "work centre"), ("工作中心", "工作站群"), ("工作中心",)
    ),
    "work_unit": Headings(
        ("work_unit", "machine"), ("工作單元", "機台", "設備"), ("工作单元", "机台", "设备")
    ),
    "planned_start": Headings(
        ("planned_start", "start"),
        ("計畫開始", "計劃開始", "預計開工"),
        ("计划开始", "计划开工"),
    ),
    "planned_finish": Headings(
        ("planned_finish", "finish"),
        ("計畫完成", "計劃完成", "預計完工"),
        ("计划完成", "计划完工"),
    ),
    "run_time_s": Headings(
        ("run_time_s", "run time", "run time per unit"),
        ("單件工時(秒)", "單件工時"),
        ("单件工时(秒)", "单件工时"),
    ),
    "setup_s": Headings(
        ("setup_s", "setup", "setup time"),
        ("準備時間(秒)", "準備時間"),
        ("准备时间(秒)", "准备时间"),
    ),
    "critical": Headings(("critical",), ("關鍵工序", "關鍵"), ("关键工序", "关键")),
    "performed_by": Headings(
        ("performed_by", "outsourced to", "subcontractor"),
        ("外協廠商", "承製方"),
        ("外协厂商", "外协单位"),
    ),
    "predecessors": Headings(
        ("predecessors", "predecessor"),
        ("前置工序", "前道工序"),
        ("前置工序", "前道工序", "紧前工序"),
    ),
    "milestone": Headings(
        ("milestone", "milestone id"), ("里程碑", "關鍵節點"), ("里程碑", "关键节点")
    ),
    "baseline_at": Headings(
        ("baseline_at", "baseline"), ("基準日期", "基準時間"), ("基准日期", "基准时间")
    ),
    "committed_at": Headings(
        ("committed_at", "committed"), ("承諾日期", "承諾時間"), ("承诺日期", "承诺时间")
    ),
    "need": Headings(
        ("need", "need id", "material need"),
        ("物料需求", "需求編號", "需求"),
        ("物料需求", "需求编号", "需求"),
    ),
    "part": Headings(
        ("part", "part no", "part number"), ("料號", "零件", "物料"), ("料号", "零件", "物料")
    ),
    "supplier": Headings(
        ("supplier", "supplier id", "vendor"), ("供應商", "供應商編號"), ("供应商", "供应商编号")
    ),
    "need_by": Headings(
        ("need_by", "needed by", "required date"),
        ("需求日期", "需用日期"),
        ("需求日期", "需用日期"),
    ),
}

_KIND_WORDS = {
    Kind.ORDER: ("order", "orders", "訂單", "订单", "工單", "工单"),
    Kind.OPERATION: ("operation", "operations", "工序"),
    Kind.MILESTONE: ("milestone", "milestones", "里程碑", "關鍵節點", "关键节点"),
    Kind.NEED: ("need", "needs", "material needs", "物料需求", "需求"),
}
_NOTES = ("readme", "說明", "说明", "讀我", "notes", "備註", "备注")


def key_of(heading: str) -> str:
    """Return what is left of a heading when case, width, spaces and marks don't count."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", heading).casefold())


_NAME_BY_KEY = {
    key_of(heading): name
    for name, known in HEADINGS.items()
    for heading in (*known.en, *known.hant, *known.hans)
}
_KIND_BY_KEY = {key_of(word): kind for kind, words in _KIND_WORDS.items() for word in words}


def name_of(heading: str) -> str | None:
    """Return the column that a heading names in any of the languages."""
    return _NAME_BY_KEY.get(key_of(heading))


def nearest_heading(heading: str) -> str:
    """Return the known heading most like this one; empty when none is like it."""
    plain = {h for known in HEADINGS.values() for h in (*known.en, *known.hant, *known.hans)}
    by_key = {key_of(known): known for known in sorted(plain)}
    found = nearest(key_of(heading), by_key)
    return by_key[found] if found else ""


def kind_of(word: str) -> Kind | None:
    """Return the kind of record that a word, or a sheet's name, stands for."""
    return _KIND_BY_KEY.get(key_of(word))


def is_notes(sheet: str) -> bool:
    """Whether a sheet by this name is for people only."""
    return key_of(sheet).startswith(_NOTES)


def field_columns(kind: Kind) -> dict[str, str]:
    """Return the column's name of each field of the document."""
    return {column.field: column.name for column in COLUMNS[kind]}
