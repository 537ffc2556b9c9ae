"""Dump, restore and move the knowledge graphs that AI agents remember with.

Everything public is a name of this module; each is imported when it is first used, so that
``import cogx`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cogx.generator import VERSION as __version__

if TYPE_CHECKING:  # what type checkers see; _HOME is what Python sees, a test compares them
    from cogx.archive.pack import pack as pack
    from cogx.archive.pack import unpack as unpack
    from cogx.archive.reader import Archive as Archive
    from cogx.archive.reader import open_archive as open_archive
    from cogx.archive.reading import Block as Block
    from cogx.archive.validate import Findings as Findings
    from cogx.archive.validate import validate as validate
    from cogx.archive.writer import ArchiveWriter as ArchiveWriter
    from cogx.derive.chat.deriver import ChatDeriver as ChatDeriver
    from cogx.derive.chat.settings import ChatSettings as ChatSettings
    from cogx.engine.asynchronous import connect as connect
    from cogx.engine.asynchronous import disconnect as disconnect
    from cogx.engine.asynchronous import export_graph_async as export_graph_async
    from cogx.engine.asynchronous import import_archive_async as import_archive_async
    from cogx.engine.asynchronous import pull as pull
    from cogx.engine.asynchronous import push as push
    from cogx.engine.asynchronous import status as status
    from cogx.engine.asynchronous import sync as sync
    from cogx.engine.asynchronous import verify_async as verify_async
    from cogx.engine.asynchronous import wait as wait
    from cogx.engine.connection import connect_sync as connect_sync
    from cogx.engine.connection import disconnect_sync as disconnect_sync
    from cogx.engine.export import export_graph as export_graph
    from cogx.engine.import_ import import_archive as import_archive
    from cogx.engine.pull import pull_sync as pull_sync
    from cogx.engine.pull_receipt import PullReceipt as PullReceipt
    from cogx.engine.push import push_sync as push_sync
    from cogx.engine.push import wait_sync as wait_sync
    from cogx.engine.push_result import PushResult as PushResult
    from cogx.engine.receipt import Receipt as Receipt
    from cogx.engine.resolution import Proposed as Proposed
    from cogx.engine.resolution import propose_merges as propose_merges
    from cogx.engine.resolution import resolve_archive as resolve_archive
    from cogx.engine.schema_check import SchemaCheck as SchemaCheck
    from cogx.engine.schema_check import check_graph as check_graph
    from cogx.engine.schema_inference import infer_schema as infer_schema
    from cogx.engine.split import ArchivePart as ArchivePart
    from cogx.engine.split import SplitResult as SplitResult
    from cogx.engine.split import split as split
    from cogx.engine.status import runs_sync as runs_sync
    from cogx.engine.status import status_sync as status_sync
    from cogx.engine.sync import SyncedDataset as SyncedDataset
    from cogx.engine.sync import SyncResult as SyncResult
    from cogx.engine.sync import sync_status as sync_status
    from cogx.engine.sync import sync_sync as sync_sync
    from cogx.engine.sync import wait_for_sync as wait_for_sync
    from cogx.engine.verify import Comparison as Comparison
    from cogx.engine.verify import verify as verify
    from cogx.errors import AlreadyThere as AlreadyThere
    from cogx.errors import ArchiveError as ArchiveError
    from cogx.errors import BadSetting as BadSetting
    from cogx.errors import BudgetSpent as BudgetSpent
    from cogx.errors import CogxError as CogxError
    from cogx.errors import DamagedArchive as DamagedArchive
    from cogx.errors import DigestMismatch as DigestMismatch
    from cogx.errors import EmptyGraph as EmptyGraph
    from cogx.errors import IdentityConflict as IdentityConflict
    from cogx.errors import Interrupted as Interrupted
    from cogx.errors import InvalidArchive as InvalidArchive
    from cogx.errors import LimitExceeded as LimitExceeded
    from cogx.errors import MissingExtra as MissingExtra
    from cogx.errors import MissingMember as MissingMember
    from cogx.errors import NoSpace as NoSpace
    from cogx.errors import NotConnected as NotConnected
    from cogx.errors import OutputError as OutputError
    from cogx.errors import RemoteError as RemoteError
    from cogx.errors import RemoteGarbled as RemoteGarbled
    from cogx.errors import RemoteRefused as RemoteRefused
    from cogx.errors import RemoteUnavailable as RemoteUnavailable
    from cogx.errors import RunFailed as RunFailed
    from cogx.errors import StoreBusy as StoreBusy
    from cogx.errors import StoreError as StoreError
    from cogx.errors import StoreRefused as StoreRefused
    from cogx.errors import StoreUnavailable as StoreUnavailable
    from cogx.errors import Truncated as Truncated
    from cogx.errors import UnknownMode as UnknownMode
    from cogx.errors import UnknownName as UnknownName
    from cogx.errors import UnsafeMember as UnsafeMember
    from cogx.errors import UnsupportedServer as UnsupportedServer
    from cogx.errors import UnsupportedVersion as UnsupportedVersion
    from cogx.errors import UsageError as UsageError
    from cogx.format.manifest import Embedding as Embedding
    from cogx.format.manifest import Extension as Extension
    from cogx.format.manifest import Fingerprint as Fingerprint
    from cogx.format.manifest import Manifest as Manifest
    from cogx.format.manifest import MemberInfo as MemberInfo
    from cogx.format.records import Document as Document
    from cogx.format.records import Entity as Entity
    from cogx.format.records import Episode as Episode
    from cogx.format.records import Fact as Fact
    from cogx.format.records import Memory as Memory
    from cogx.format.records import MemoryBlock as MemoryBlock
    from cogx.format.records import RawNode as RawNode
    from cogx.format.records import Turn as Turn
    from cogx.graph_schema.model import GraphSchema as GraphSchema
    from cogx.graph_schema.parsing import parse_graph_schema as parse_graph_schema
    from cogx.graph_schema.prompt import prompt_for as prompt_for
    from cogx.graph_schema.texts.inference import infer_from_texts as infer_from_texts
    from cogx.limits import Limits as Limits
    from cogx.ports import Capabilities as Capabilities
    from cogx.ports import Deriver as Deriver
    from cogx.ports import Edge as Edge
    from cogx.ports import GraphReader as GraphReader
    from cogx.ports import GraphUpdater as GraphUpdater
    from cogx.ports import GraphWriter as GraphWriter
    from cogx.ports import Node as Node
    from cogx.ports import Passage as Passage
    from cogx.ports import RecordSource as RecordSource
    from cogx.ports import Underived as Underived
    from cogx.problems import CODES as CODES
    from cogx.problems import Problem as Problem
    from cogx.problems import Severity as Severity
    from cogx.progress import Progress as Progress
    from cogx.remote.memory import MemoryClient as MemoryClient
    from cogx.remote.memory_async import AsyncMemoryClient as AsyncMemoryClient
    from cogx.remote.runs import Run as Run

_HOME = {
    "cogx.archive.pack": ("pack", "unpack"),
    "cogx.archive.reader": ("Archive", "open_archive"),
    "cogx.archive.reading": ("Block",),
    "cogx.archive.validate": ("Findings", "validate"),
    "cogx.archive.writer": ("ArchiveWriter",),
    "cogx.derive.chat.deriver": ("ChatDeriver",),
    "cogx.derive.chat.settings": ("ChatSettings",),
    "cogx.engine.export": ("export_graph",),
    "cogx.engine.import_": ("import_archive",),
    "cogx.engine.receipt": ("Receipt",),
    "cogx.engine.verify": ("Comparison", "verify"),
    "cogx.engine.asynchronous": (
        "connect",
        "disconnect",
        "export_graph_async",
        "import_archive_async",
        "pull",
        "push",
        "status",
        "sync",
        "verify_async",
        "wait",
    ),
    "cogx.engine.connection": (
        "connect_sync",
        "disconnect_sync",
    ),
    "cogx.engine.pull": ("pull_sync",),
    "cogx.engine.pull_receipt": ("PullReceipt",),
    "cogx.engine.push": (
        "push_sync",
        "wait_sync",
    ),
    "cogx.engine.push_result": ("PushResult",),
    "cogx.engine.resolution": ("Proposed", "propose_merges", "resolve_archive"),
    "cogx.engine.schema_check": ("SchemaCheck", "check_graph"),
    "cogx.engine.schema_inference": ("infer_schema",),
    "cogx.engine.split": ("ArchivePart", "SplitResult", "split"),
    "cogx.engine.status": (
        "runs_sync",
        "status_sync",
    ),
    "cogx.engine.sync": (
        "SyncResult",
        "SyncedDataset",
        "sync_status",
        "sync_sync",
        "wait_for_sync",
    ),
    "cogx.remote.memory": ("MemoryClient",),
    "cogx.remote.memory_async": ("AsyncMemoryClient",),
    "cogx.remote.runs": ("Run",),
    "cogx.errors": (
        "AlreadyThere",
        "ArchiveError",
        "BadSetting",
        "BudgetSpent",
        "CogxError",
        "DamagedArchive",
        "DigestMismatch",
        "EmptyGraph",
        "IdentityConflict",
        "Interrupted",
        "InvalidArchive",
        "LimitExceeded",
        "MissingExtra",
        "MissingMember",
        "NoSpace",
        "OutputError",
        "NotConnected",
        "RemoteError",
        "RemoteGarbled",
        "RemoteRefused",
        "RemoteUnavailable",
        "RunFailed",
        "UnsupportedServer",
        "StoreBusy",
        "StoreError",
        "StoreRefused",
        "StoreUnavailable",
        "Truncated",
        "UnknownMode",
        "UnknownName",
        "UnsafeMember",
        "UnsupportedVersion",
        "UsageError",
    ),
    "cogx.format.manifest": ("Embedding", "Extension", "Fingerprint", "Manifest", "MemberInfo"),
    "cogx.format.records": (
        "Document",
        "Entity",
        "Episode",
        "Fact",
        "Memory",
        "MemoryBlock",
        "RawNode",
        "Turn",
    ),
    "cogx.graph_schema.model": ("GraphSchema",),
    "cogx.graph_schema.parsing": ("parse_graph_schema",),
    "cogx.graph_schema.prompt": ("prompt_for",),
    "cogx.graph_schema.texts.inference": ("infer_from_texts",),
    "cogx.limits": ("Limits",),
    "cogx.ports": (
        "Capabilities",
        "Deriver",
        "Edge",
        "GraphReader",
        "GraphUpdater",
        "GraphWriter",
        "Node",
        "Passage",
        "RecordSource",
        "Underived",
    ),
    "cogx.problems": ("CODES", "Problem", "Severity"),
    "cogx.progress": ("Progress",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [  # noqa: PLE0604 - a test holds it to the names imported above
    "__version__",
    *sorted(_MODULE_OF),
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'cogx' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
