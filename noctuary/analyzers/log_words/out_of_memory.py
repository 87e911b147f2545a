"""Memory that a program asks for in vain; the fault is that of a container that hits its limit."""

import re

from noctuary.analyzers.log_words.base import Words

KIND = "out_of_memory"
WORDS = Words(
    signs=(
        "out of memory",
        "outofmemory",
        "allocate memory",
        "memoryerror",
        "nomemoryerror",
        "bad_alloc",
        "enomem",
        "insufficient memory",
        "memory allocation of",
        "allocation failed",
    ),
    patterns=(
        re.compile(
            r"(?i)OutOfMemory(?:Error|Exception)|(?:runtime: |fatal error: |heap )out of memory|std::bad_alloc"
            r"|\bENOMEM\b"
        ),
        re.compile(
            r"(?i)(?:cannot|can't|could not|failed to|unable to) allocate (?:\d{1,20} bytes? of )?memory|NoMemoryError"
        ),
        re.compile(
            r"(?<!\w)(?:numpy\.[\w.]{1,60})?_?(?:Array)?MemoryError\b|memory allocation of \d{1,20} bytes failed"
        ),
        re.compile(
            r"(?i)insufficient memory for|^out of memory\b|allocation failed - javascript heap|error: out of memory"
        ),
    ),
    names=(),
)
