"""What a route makes of sender and number on the air."""

from smsgwd.routing.rule import Rule

LONGEST = 20  #: digits that fit into an address of SMPP (SMPP 3.4 s5.2.9: 21 octets with the NUL)


def rewrite(rule: Rule, source: str, msisdn: str) -> tuple[str | None, str | None]:
    """The sender and the number to send instead of these; None for what stays as it is.

    A number of which nothing would be left, or too much would be made, stays as it is.
    """
    how = rule.rewriting
    if how is None:
        return None, None
    sender = how.sender
    for written, becomes in how.senders:
        if written == source:
            sender = becomes
            break
    number = msisdn
    if how.strip and number.startswith(how.strip):
        number = number[len(how.strip) :]
    if number and how.add:
        number = how.add + number
    if not number or len(number) > LONGEST:
        number = msisdn
    return (None if sender == source else sender), (None if number == msisdn else number)
