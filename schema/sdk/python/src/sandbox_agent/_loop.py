"""An event loop in a thread of its own, for callers that wait."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

from ._errors import disposed

T = TypeVar("T")


class Loop:
    """Runs coroutines for threads that wait for them. Close it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-agent", daemon=True)
        self._thread.start()
        self.closed = False
        self._ends: list[Callable[[], Awaitable[None]]] = []  # of what is iterated
        # After that nothing runs any more that a generator, which the
        # interpreter ends still later, could wait for.
        atexit.register(self.close)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine and waits for it."""
        if self.closed:
            work.close()
            raise disposed()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # the wait may have been given up, as by Ctrl-C
            raise

    def iterate(self, items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """Gives what an asynchronous generator gives. Giving it up ends that."""
        done = object()
        turn = asyncio.Lock()  # a step that was given up ends before the generator does

        async def step() -> Any:
            async with turn:
                return await anext(items, done)

        async def end() -> None:
            async with turn:
                await items.aclose()

        self._ends.append(end)
        try:
            while (item := self.run(step())) is not done:
                yield item
        finally:
            self._ends.remove(end)
            if not self.closed:
                self.run(end())

    def close(self) -> None:
        """Ends the thread."""
        if self.closed:
            return
        atexit.unregister(self.close)
        self.run(self._settle())
        self.closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _settle(self) -> None:
        """Lets what is under way end."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in self._ends:
            await end()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
