"""Knows the manifest and our extension inside it; reads and writes no file.

Source: spec/format.md#manifest and #extension.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cogx.format.records import Timestamp
from cogx.format.version import WRITTEN

EXTENSION: Final = "cogx"
"""The one manifest key that holds everything cogx adds; cognee ignores it."""

MOST_DECLARATIONS: Final = 10_000
"""Value types declared per manifest; past them typed values are tagged inline."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class MemberInfo(_Part):
    """What a member held when it was written."""

    bytes: Count = Field(description="Length, uncompressed.")
    records: Count | None = Field(
        default=None, description="Records in it; null where none are counted."
    )
    sha256: Digest = Field(description="Of its bytes, in hex.")


class Fingerprint(_Part):
    """Two sums of record digests that do not depend on order."""

    graph: Digest = Field(description="Entities, raw nodes and facts.")
    content: Digest = Field(description="Documents, episodes, memories and memory blocks.")


class ValueType(_Part):
    """Declares that bare texts of one property are typed values."""

    kind: str = Field(description="The record kind.")
    type: str = Field(description="entity_type, a raw node's type, a predicate; else empty.")
    field: Literal["attributes", "metadata", "properties"] = Field(description="Where it stands.")
    key: str = Field(description="The property.")
    value_type: str = Field(description="The tag its texts would carry inline.")


class Embedding(_Part):
    """How the source's vectors were made; the vectors themselves are not part of COGX 0.1."""

    model: str | None = Field(default=None, description="The embedding model.")
    dimensions: Count | None = Field(default=None, description="The length of a vector.")
    metric: str | None = Field(default=None, description="cosine, l2, dot.")


class CutFrom(_Part):
    """Says that an archive is one of the parts into which another one was cut."""

    number: Annotated[int, Field(ge=1)] = Field(description="Which part this is, from 1.")
    of: Annotated[int, Field(ge=1)] = Field(description="How many parts there are.")
    fingerprint: Fingerprint = Field(description="Of the archive that was cut.")
    complete: bool = Field(default=True, description="What that archive said of itself.")


class Extension(_Part):
    """What cogx adds to a manifest, under the key ``cogx``."""

    version: Literal[1] = Field(default=1, description="Of this extension.")
    generator: str = Field(description="Name and version of the writer.")
    profile: Literal["portable", "cognee"] = Field(
        default="portable", description="The mapping profile."
    )
    complete: bool = Field(default=True, description="False: a selection; absence proves nothing.")
    selection: str | None = Field(default=None, description="How it was selected, in words.")
    part: CutFrom | None = Field(
        default=None, description="Which part of a larger archive this is."
    )
    canonical: bool = Field(
        default=False,
        description="Every line is canonical JSON, so that a reader who checks the digests "
        "need not look at it twice.",
    )
    dataset: str | None = Field(default=None, description="The dataset's name.")
    members: dict[str, MemberInfo] = Field(default_factory=dict, description="By member name.")
    fingerprint: Fingerprint | None = Field(default=None, description="Of all records.")
    value_types: list[ValueType] = Field(
        default_factory=list, max_length=MOST_DECLARATIONS, description="Declared value types."
    )
    embedding: Embedding | None = Field(
        default=None, description="How the source's vectors were made."
    )
    dataset_schema: dict[str, Any] | None = Field(
        default=None, description="The graph schema and prompt a server keeps for the dataset."
    )


class Manifest(_Part):
    """What an archive says about itself. Unknown keys are kept."""

    cogx_version: str = Field(default=WRITTEN, description="MAJOR.MINOR.")
    source_system: str = Field(
        default="unknown",
        description="The system exported; exactly `cognee` keeps its ids on import.",
    )
    exported_at: Timestamp | None = Field(default=None, description="When it was exported.")
    counts: Annotated[dict[str, Count], BeforeValidator(lambda v: {} if v is None else v)] = Field(
        default_factory=dict, description="Records by kind."
    )
    embedding_model: str | None = Field(default=None, description="Informative.")
    migration_revision: str | None = Field(
        default=None, description="The source's schema revision."
    )
    notes: Annotated[list[str], BeforeValidator(lambda v: [] if v is None else v)] = Field(
        default_factory=list, description="For people."
    )
    cogx: Extension | None = Field(
        default=None, description="What cogx adds; other readers ignore it."
    )

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as plain JSON, null and empty fields left out of our extension."""
        plain = self.model_dump(mode="json", exclude={"cogx"})
        if self.cogx is not None:
            plain["cogx"] = self.cogx.model_dump(mode="json", exclude_none=True)
        return plain
