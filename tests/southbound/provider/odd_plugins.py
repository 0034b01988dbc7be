"""A plugin of which tests say by its options what it does wrong."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from smsgwd.providers import (
    Accepted,
    Balance,
    Callback,
    CallbackRefused,
    Halt,
    Options,
    Plugin,
    Provider,
    Report,
    Request,
    SlowDown,
    Temporary,
    option,
    secret,
)
from smsgwd.providers.options import Secret


class OddOptions(Options):
    """What it goes by."""

    base_url: str = option("Where requests go.", default="")
    password: Secret = secret("A secret.")
    names: tuple[str, ...] = option("Some.", default=())
    make: str = option("What happens when it is made.", default="")


class Odd(Provider):
    """`send` does what the first message's text says."""

    def __init__(self, options, host):
        super().__init__(options, host)
        self.cleaned = False
        if options.make == "raise":
            raise RuntimeError("made badly with " + options.password.get_secret_value())
        if options.make == "exit":
            os._exit(9)
        if options.make == "hang":
            time.sleep(3600)
        if options.make == "once":  # dies in its first life only
            mark = Path(options.base_url)
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    async def send(self, group):
        what = group[0].text
        return await getattr(self, "do_" + what)(group)

    async def do_accept(self, group):
        return [Accepted("id" + each.id) for each in group]

    async def do_ask(self, group):
        reply = await self.host.request(Request.form(self.options.base_url, {"to": group[0].to}))
        return [Accepted(reply.text()[:64]) for each in group]

    async def do_secret(self, group):
        password = self.options.password.get_secret_value()
        url = self.options.base_url
        reply = await self.host.request(
            Request.get(url, {"password": password}, Authorization="Bearer " + group[0].client_ref, X_Note=password)
        )
        await self.host.request(Request.json(url, {"password": password, "pad": "x" * 5000}))
        return [Accepted(str(reply.status))]

    async def do_twice(self, group):
        first = self.host.request(Request.get(self.options.base_url))
        second = self.host.request(Request.get(self.options.base_url))
        return [Accepted(f"{(await second).status}{(await first).status}")]

    async def do_ask_then_raise(self, group):
        await self.host.request(Request.get(self.options.base_url))
        raise KeyError(group[0].to)

    async def do_ask_and_leave(self, group):
        self.host.request(Request.get(self.options.base_url))
        return [Accepted()]

    async def do_json(self, group):
        (await self.host.request(Request.get(self.options.base_url))).json()

    async def do_bad_request(self, group):
        await self.host.request(Request.get("ftp://nowhere/"))

    async def do_no_request(self, group):
        await self.host.request("http://127.0.0.1/")

    async def do_wait(self, group):
        await self.host.sleep(1e6)

    async def do_stubborn(self, group):
        while True:
            try:
                await self.host.sleep(1e6)
            except BaseException:  # it does not let go
                await self.host.request(Request.get(self.options.base_url))

    async def do_foreign_await(self, group):
        import asyncio

        await asyncio.sleep(1)

    async def do_raise(self, group):
        raise ValueError("about " + group[0].to)

    async def do_halt(self, group):
        raise Halt(SlowDown("throttled", float("inf")))

    async def do_bad_halt(self, group):
        raise Halt(Accepted("x"))

    async def do_count(self, group):
        return [Accepted("x")]

    async def do_types(self, group):
        return [Accepted(5) for each in group]

    async def do_strings(self, group):
        return ["accepted" for each in group]

    async def do_surrogate(self, group):
        return [Temporary("\udc00") for each in group]

    async def do_long_id(self, group):
        return [Accepted("x" * 65), Accepted("a\nb"), Accepted("x" * 64)]

    async def do_none(self, group):
        return None

    async def do_system_exit(self, group):
        raise SystemExit(3)

    async def do_block(self, group):
        time.sleep(3600)

    async def do_loop(self, group):
        while True:
            pass

    async def do_loop_written(self, group):
        await self.host.request(Request.get(self.options.base_url))
        while True:
            pass

    async def do_exit(self, group):
        os._exit(7)

    async def do_orphan(self, group):
        child = os.fork()
        if child == 0:  # it has all that the process had, the link included
            while True:
                signal.pause()
        Path(group[0].client_ref).write_text(str(child))
        os._exit(7)

    async def do_segfault(self, group):
        ctypes.string_at(0)

    async def do_print(self, group):
        for _ in range(100):
            print("x" * 1_000_000)
            sys.stderr.write("y" * 1_000_000)
        return [Accepted("printed")]

    async def do_memory(self, group):
        kept = []
        while True:
            kept.append(bytearray(50_000_000))

    async def do_log(self, group):
        self.host.log("hello", number=5, password=self.options.password.get_secret_value(), what="mine", odd=object())
        for number in range(100):
            self.host.log("many", number=number)
        return [Accepted("logged")]

    async def do_where(self, group):
        return [Accepted(f"{self.host.connector} {self.host.callback_url} {','.join(self.options.names)}")]

    async def do_modules(self, group):
        return [Accepted(str(sum(name.startswith("smsgwd.config.model") for name in sys.modules)))]

    async def do_environment(self, group):
        return [Accepted(",".join(sorted(name for name in os.environ if name.startswith(("SECRET_", "NOTIFY_")))))]

    async def do_descriptors(self, group):
        held = {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}
        return [Accepted(" ".join(sorted(each for each in held if each.startswith(("socket:", "/dev/null")))))]

    async def do_ignore_signals(self, group):
        for number in (signal.SIGALRM, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(3600)

    async def states(self, sent):
        return [Report(None, foreign_id=each.foreign_id, word="a\nb") for each in sent]

    async def received(self, request):
        if request.method == "PUT":
            raise CallbackRefused("not so", 405)
        return Callback((Report(None, foreign_id="x"),), body=request.body)

    async def balance(self):
        return Balance(1.5, "EUR")

    def facts(self):
        return {"sender": "x"}


plugin = Plugin("odd", "Does what it may not.", Odd, OddOptions, group=100)
