"""Plugins as others would write them, some of them badly."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import field_validator, model_validator

from smsgwd.config.option import Section
from smsgwd.providers import (
    Accepted,
    Balance,
    Contact,
    NumberFacts,
    Options,
    Outbound,
    Plugin,
    Provider,
    Verdict,
    option,
    secret,
)
from smsgwd.providers.options import Secret


class PostOptions(Options):
    base_url: str = option("Where requests go.", default="http://127.0.0.1:9")
    username: str = option("Our account.", example="shop")
    password: Secret = secret("Its password.")
    retries: int = option("How often.", default=1, ge=0, le=9, unit="times")
    pairs: bool = option("Two messages a request.", default=False)

    @field_validator("password")
    @classmethod
    def _long(cls, value: Secret) -> Secret:
        if len(value.get_secret_value()) < 6:
            raise ValueError(f"'{value.get_secret_value()}' is too short")
        return value


class Post(Provider):
    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        return [Accepted(f"P{each.id}") for each in group]

    async def balance(self) -> Balance:
        return Balance(3.5, "EUR")

    async def lookup(self, msisdn: str) -> NumberFacts | None:
        return None


class Pusher(Post):
    async def push_contacts(self, contacts: Sequence[Contact]) -> Sequence[str]:
        return ["" for _ in contacts]


class Mute(Provider):
    pass


class NoLookup(Provider):
    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        return [Accepted() for _ in group]


class CrashingOptions(Options):
    token: Secret = secret("Its token.")

    @field_validator("token")
    @classmethod
    def _crash(cls, value: Secret) -> Secret:
        raise KeyError(value.get_secret_value())


class Auth(Section):
    token: Secret = secret("A token.")


class DeepOptions(Options):
    auth: Auth = option("Who we are.")
    keys: Mapping[str, Secret] = option("Keys.")
    users: tuple[Auth, ...] = option("More of them.")
    plain: str = option("No secret.")

    @model_validator(mode="after")
    def _never(self) -> "DeepOptions":
        secrets = [self.auth.token, self.keys["one"], self.users[0].token]
        raise ValueError("these cannot be: " + ", ".join([each.get_secret_value() for each in secrets] + [self.plain]))


class OddOptions(Options):
    names: set[str] = option("A type that the configuration does not use.", default=frozenset())


POST = Plugin(
    "post",
    "Posts messages.",
    Post,
    PostOptions,
    requests_s=9,
    fitted=lambda options: replace(POST, group=2 if options.pairs else 1, fitted=None),
)
PUSHER = Plugin("pusher", "Posts, and pushes contacts.", Pusher, PostOptions)
MUTE = Plugin("mute", "Sends nothing.", Mute, PostOptions)
OLD = Plugin("old", "Of another time.", Post, PostOptions, version=99)
CRASHING = Plugin("crashing", "Its check crashes.", NoLookup, CrashingOptions)
SILENT = Plugin("silent", "Sends, and no more.", NoLookup, Options)
DEEP = Plugin("deep", "Has sections.", NoLookup, DeepOptions)
ODD = Plugin("odd", "Its options cannot be written.", NoLookup, OddOptions)
NOTHING = Section()
