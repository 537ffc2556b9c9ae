"""Knows how members written in any order become one tarball with the manifest first.

Must never know where the tarball goes: a file that appears at once, or a stream.
"""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from cogx.container.joining import make_joint
from cogx.container.order import checked_name, laid_out
from cogx.container.room import put_all, writing
from cogx.container.spool import Sink, Spool
from cogx.container.staged_file import StagedFile
from cogx.container.tar_header import BLOCK_BYTES, encode_entry
from cogx.errors import BadSetting, OutputError
from cogx.format.layout import MANIFEST, PERMISSIONS

_RECORD_BYTES: Final = 20 * BLOCK_BYTES
_MODE: Final = 0o644
_PRIVATE_MODE: Final = 0o600


class Outlet(Sink, Protocol):
    """Where the tarball goes, and what must happen before and after."""

    name: str
    folder: str

    def begin(self) -> None:
        """Get ready for the first byte."""

    def publish(self, *, private: bool) -> None:
        """Make the result final."""

    def abort(self) -> None:
        """Leave nothing behind."""


class FileOutlet:
    """A path: the file appears under its name when it is whole."""

    def __init__(self, path: str, *, force: bool) -> None:
        self.name = path
        self.folder = str(Path(path).absolute().parent)
        self._force = force
        # Made and dropped, so that a target that cannot be written is refused before the work.
        StagedFile(path, force=force).abort()
        self._staged: StagedFile | None = None

    def begin(self) -> None:
        """Create the temporary file beside the target."""
        self._staged = StagedFile(self.name, force=self._force)

    def put(self, data: bytes | memoryview) -> None:
        """Write into the temporary file."""
        put_all(self._file(), data)

    def descriptor(self) -> int | None:
        """Return the temporary file's descriptor."""
        return self._file()

    def _file(self) -> int:
        if self._staged is None:
            raise OutputError(f"{self.name}: nothing is being written.")
        return self._staged.file

    def publish(self, *, private: bool) -> None:
        """Give the file its name."""
        if self._staged is not None:
            self._staged.publish(private=private)

    def abort(self) -> None:
        """Remove the temporary file."""
        if self._staged is not None:
            self._staged.abort()


class StreamOutlet:
    """A binary file object of the caller, who closes it; it gets the whole tarball at publish."""

    def __init__(self, stream: BinaryIO) -> None:
        import tempfile  # noqa: PLC0415 - loaded when needed

        name = getattr(stream, "name", None)
        self.name = name if isinstance(name, str) else "<stream>"
        self.folder = tempfile.gettempdir()
        self._stream = stream

    def begin(self) -> None:
        """Do nothing."""

    def put(self, data: bytes | memoryview) -> None:
        """Write all of the bytes, also where the object is unbuffered."""
        view = memoryview(data)
        while view:
            written = cast("int | None", self._stream.write(view))
            if written is None and isinstance(self._stream, io.RawIOBase):
                raise BlockingIOError(errno.EAGAIN, "the stream does not wait for its reader")
            # Other objects that answer nothing have taken everything.
            view = view[len(view) if written is None else written :]

    def descriptor(self) -> int | None:
        """Return None: the object may hold buffered bytes."""
        return None

    def publish(self, *, private: bool) -> None:
        """Flush."""
        self._stream.flush()

    def abort(self) -> None:
        """Do nothing: before publish nothing was written."""


class TarballWriter:
    """Compress members as they come, join them at publish. See :class:`ContainerWriter`.

    Cost: one piece per open member in memory; on disk, until publish, the result's size twice.
    """

    def __init__(
        self, outlet: Outlet, compression: str, *, level: int | None = None, mtime: int = 0
    ) -> None:
        if not 0 <= mtime < 1 << 33:
            raise BadSetting(f"mtime must be seconds from 1970 on, not {mtime}.")
        self._outlet = outlet
        self._joint = make_joint(compression, level)
        self._mtime = mtime
        self._spools: dict[str, Spool] = {}
        self._open = True

    def write(self, name: str, data: bytes) -> None:
        """Append to a member."""
        self._demand_open()
        spool = self._spools.get(name)
        if spool is None:
            spool = Spool(self._joint.encoder(), self._outlet.folder)
            self._spools[checked_name(name)] = spool
        try:
            spool.write(data)
        except BaseException:
            self.abort()
            raise

    def publish(self, manifest: bytes) -> None:
        """Join everything, the manifest first, and hand it to the outlet."""
        self._demand_open()
        try:
            first = Spool(self._joint.encoder(), self._outlet.folder)
            self._spools[MANIFEST] = first
            first.write(manifest)
            self._outlet.begin()
            for spool in self._spools.values():
                spool.finish()
            with writing(self._outlet.name):
                self._join()
                self._outlet.publish(private=PERMISSIONS in self._spools)
        except BaseException:
            self.abort()
            raise
        self._forget()

    def _join(self) -> None:
        self._outlet.put(self._joint.begin())
        padding = b""
        position = 0
        for name in laid_out(self._spools):
            spool = self._spools[name]
            mode = _PRIVATE_MODE if name == PERMISSIONS else _MODE
            header = encode_entry(name, spool.size, mode=mode, mtime=self._mtime)
            self._put_small(padding + header)
            self._joint.add(spool.size, spool.checksum)
            spool.copy_into(self._outlet)
            padding = bytes(-spool.size % BLOCK_BYTES)
            position += len(header) + spool.size + len(padding)
        position += 2 * BLOCK_BYTES
        self._put_small(padding + bytes(2 * BLOCK_BYTES) + bytes(-position % _RECORD_BYTES))
        self._outlet.put(self._joint.end())

    def _put_small(self, data: bytes) -> None:
        encoder = self._joint.encoder()
        self._outlet.put(encoder.encode(data))
        self._outlet.put(encoder.end())
        self._joint.add(len(data), encoder.checksum)

    def abort(self) -> None:
        """Leave nothing behind; after publish it does nothing."""
        if self._open:
            self._forget()
            self._outlet.abort()

    def _forget(self) -> None:
        self._open = False
        for spool in self._spools.values():
            spool.close()
        self._spools.clear()

    def _demand_open(self) -> None:
        if not self._open:
            raise OutputError(f"{self._outlet.name}: was published or given up before.")
