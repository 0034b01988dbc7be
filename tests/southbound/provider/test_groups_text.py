"""A group is no larger than what a plugin's process can be told at once."""

from types import SimpleNamespace

from smsgwd.providers.testing import outbound
from smsgwd.southbound.provider.calls import Send
from smsgwd.southbound.provider.frames import MOST, Begin, encode
from smsgwd.southbound.provider.groups import Groups


def test_long_texts_go_in_several_groups():
    """Else one tenant's long texts would be a fault of the plugin, and open its circuit for all."""
    groups = Groups(("text",), 1000)
    for number in range(1000):
        groups.add(SimpleNamespace(key=(1, number)), outbound(number, text="\N{GRINNING FACE}" * 17_000))
    sent = 0
    while group := groups.first():
        assert len(encode(Begin(1, Send([message for _, message in group]), 1.0, False))) <= MOST
        groups.take(group)
        sent += len(group)
    assert (sent, len(groups)) == (1000, 0)


def test_one_text_goes_however_long_it_is():
    groups = Groups(("text",), 10)
    groups.add(SimpleNamespace(key=(1, 1)), outbound(1, text="x" * 3_000_000))
    assert len(groups.first()) == 1
