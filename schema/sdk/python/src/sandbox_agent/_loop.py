"""An event loop in a thread of its own, for callers that wait."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
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
        self._lock = threading.Lock()
        self._closed = False  # from then on nothing is submitted
        self._ends: list[Callable[[], Awaitable[None]]] = []  # of what is iterated
        # After that nothing runs any more that a generator, which the
        # interpreter ends still later, could wait for.
        atexit.register(self.close)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine and waits for it."""
        future = self._submit(work)
        if future is None:
            raise disposed()
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise disposed() from None  # nobody else cancels it
        except BaseException:
            future.cancel()  # the wait may have been given up, as by Ctrl-C
            raise

    def _submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T] | None:
        """Lets a coroutine run, unless the thread ends."""
        with self._lock:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        return None

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
            if ending := self._submit(end()):
                with contextlib.suppress(concurrent.futures.CancelledError):  # the thread ends, and with it all that is iterated
                    ending.result()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Ends the thread. The last thing that runs ends what others wait for."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        try:
            if last:
                asyncio.run_coroutine_threadsafe(last(), self._loop).result()
        finally:
            asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _settle(self) -> None:
        """Lets what is under way end."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in list(self._ends):
            await end()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
