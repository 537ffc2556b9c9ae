"""Knows how the text inside a file is read, whatever its form; never what the text says.

``text_of_file`` gives it; the libraries for PDF and HTML are loaded when such a file comes.
"""

from __future__ import annotations

from cogx.text_files.reading import FileText, text_of_file

__all__ = ["FileText", "text_of_file"]
