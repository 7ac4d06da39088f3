"""Files that a browser sends. Only the page for imports takes one: it goes to the disk of the shop's folder
as it comes, for its owner alone, and never into memory."""

import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from tillroll.intake.host import get_uploads

MEGABYTE = 1_000_000


def get_limit() -> int:
    """Bytes that a dump may have."""
    return int(settings.UPLOAD_MEGABYTES) * MEGABYTE


def describe_limit() -> str:
    return f"{settings.UPLOAD_MEGABYTES:,} MB"


TOO_LARGE = "The file is too large: at most {} are taken (TILLROLL_UPLOAD_MEGABYTES). Use tillroll import."


def refuse_large() -> str:
    return TOO_LARGE.format(describe_limit())


class RefuseFiles(FileUploadHandler):
    """For all other pages: nobody fills the disk through a form that wants no file."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class DumpHandler(FileUploadHandler):
    """Writes the field `dump` to the folder of uploads; `problem` says why not, in a sentence. What was
    written is removed by `discard` unless `keep` was called."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.path: Path | None = None
        self.problem = ""
        self._file: Any = None

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, *args, **kwargs)
        if field_name != "dump" or self.path is not None:
            raise StopUpload(connection_reset=True)
        descriptor, name = tempfile.mkstemp(suffix=".upload", dir=get_uploads())  # mode 0600
        self.path, self._file = Path(name), os.fdopen(descriptor, "wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > get_limit():
            self._stop(refuse_large())
        try:
            self._file.write(raw_data)
        except OSError as error:
            self._stop(f"The file can't be kept: {error.strerror}. Make room on the server's disk.")

    def file_complete(self, file_size: int) -> UploadedFile:
        self._file.close()
        return UploadedFile(self._file, self.file_name, self.content_type, file_size, self.charset)

    def keep(self) -> None:
        """The file belongs to somebody else from now on."""
        self.path = None

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _stop(self, problem: str) -> NoReturn:
        self.problem = problem
        raise StopUpload(connection_reset=True)
