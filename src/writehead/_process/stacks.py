"""The stacks of this process, for an operator: where each thread is, and where each task waits."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import traceback

#: Tasks that are shown.
MOST_TASKS = 100


def stacks() -> str:
    """Return where each thread is, the main one first, and where each task of the running loop waits."""
    text = io.StringIO()
    names = {each.ident: each for each in threading.enumerate()}
    frames = sorted(sys._current_frames().items(), key=lambda pair: pair[0] != threading.main_thread().ident)
    for ident, frame in frames:
        thread = names.get(ident)
        text.write(f"thread {thread.name if thread is not None else ident}\n")
        text.writelines(traceback.format_stack(frame))
    try:
        tasks = sorted(asyncio.all_tasks(), key=lambda task: task.get_name())
    except RuntimeError:  # no loop runs
        tasks = []
    for task in tasks[:MOST_TASKS]:
        if task is not asyncio.current_task():
            text.write(f"task {task.get_name()}\n")
            task.print_stack(file=text)
    if len(tasks) > MOST_TASKS:
        text.write(f"and {len(tasks) - MOST_TASKS} more tasks\n")
    return text.getvalue()
