"""The country of a number, by a table: its calling code, and where several countries share one, what follows it.

A test compares the table with the phonenumbers library on numbers of every country. Mobile numbers of islands that are
told apart by nothing (Saint Martin, Christmas Island) are those of the country whose plan they share.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

from smsgwd.model.prefixes import PrefixTable

T = TypeVar("T")

_OWN_CODE: Final = (
    "20EG 27ZA 30GR 31NL 32BE 33FR 34ES 36HU 40RO 41CH 43AT 45DK 46SE 48PL 49DE 51PE 52MX 53CU 54AR 55BR 56CL 57CO "
    "58VE 60MY 62ID 63PH 64NZ 65SG 66TH 81JP 82KR 84VN 86CN 90TR 91IN 92PK 93AF 94LK 95MM 98IR 211SS 213DZ 216TN 218LY "
    "220GM 221SN 222MR 223ML 224GN 225CI 226BF 227NE 228TG 229BJ 230MU 231LR 232SL 233GH 234NG 235TD 236CF 237CM 238CV "
    "239ST 240GQ 241GA 242CG 243CD 244AO 245GW 246IO 247AC 248SC 249SD 250RW 251ET 252SO 253DJ 254KE 255TZ 256UG 257BI "
    "258MZ 260ZM 261MG 263ZW 264NA 265MW 266LS 267BW 268SZ 269KM 291ER 297AW 298FO 299GL 350GI 351PT 352LU 353IE 354IS "
    "355AL 356MT 357CY 359BG 370LT 371LV 372EE 373MD 374AM 375BY 376AD 377MC 378SM 380UA 381RS 382ME 383XK 385HR 386SI "
    "387BA 389MK 420CZ 421SK 423LI 500FK 501BZ 502GT 503SV 504HN 505NI 506CR 507PA 508PM 509HT 591BO 592GY 593EC 594GF "
    "595PY 596MQ 597SR 598UY 670TL 672NF 673BN 674NR 675PG 676TO 677SB 678VU 679FJ 680PW 681WF 682CK 683NU 685WS 686KI "
    "687NC 688TV 689PF 690TK 691FM 692MH 850KP 852HK 853MO 855KH 856LA 880BD 886TW 960MV 961LB 962JO 963SY 964IQ 965KW "
    "966SA 967YE 968OM 970PS 971AE 972IL 973BH 974QA 975BT 976MN 977NP 992TJ 993TM 994AZ 995GE 996KG 998UZ"
)
#: Calling code → whose it is for the most part, and the others with what their numbers begin with after it.
_SHARED: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "1": (
        "US",
        {
            "CA": "204 226 236 249 250 257 263 273 289 306 3100 3101 343 354 365 367 368 382 403 416 418 428 431 437 "
            "438 450 468 474 506 514 519 548 579 581 584 587 600 604 613 622 633 639 647 672 683 705 709 742 753 778 "
            "780 782 807 819 825 867 873 879 902 905 942",
            "BS": "242",
            "BB": "246",
            "AI": "264",
            "AG": "268",
            "VG": "284",
            "VI": "340",
            "KY": "345",
            "BM": "441",
            "GD": "473",
            "TC": "649",
            "JM": "658 876",
            "MS": "664",
            "MP": "670",
            "GU": "671",
            "AS": "684",
            "SX": "721",
            "LC": "758",
            "DM": "767",
            "VC": "784",
            "PR": "787 939",
            "DO": "8001 809 829 849",
            "TT": "868",
            "KN": "869",
        },
    ),
    "7": ("RU", {"KZ": "33622 7"}),
    "39": ("IT", {"VA": "06698"}),
    "44": (
        "GB",
        {
            "GG": "1481 7781 7839 79111 79117 980 981",
            "JE": "1534 7509 77003 77007 77008 7797 7829 7937",
            "IM": "1624 74576 7524 7624",
        },
    ),
    "47": ("NO", {"SJ": "79"}),
    "61": ("AU", {"CX": "89164 891958", "CC": "89162 891703"}),
    "212": ("MA", {}),
    "262": ("RE", {"YT": "2689 269 63 7093 9398 9478 9769"}),
    "290": ("SH", {"TA": "8"}),
    "358": ("FI", {"AX": "18"}),
    "590": ("GP", {"BL": "59027 59029 59051 59052 59087"}),
    "599": ("CW", {"BQ": "3 4 7"}),
}


def _rows() -> Iterator[tuple[str, str]]:
    """(prefix of digits, country): the longest prefix that a number begins with has its country."""
    for each in _OWN_CODE.split():
        yield each[:-2], each[-2:]
    for code, (most, others) in _SHARED.items():
        yield code, most
        for country, beginnings in others.items():
            for beginning in beginnings.split():
                yield code + beginning, country


def _first_look() -> dict[str, str | PrefixTable[str]]:
    """By the first three digits of a number: its country, or where that needs more digits, the rows to look in."""
    rows = list(_rows())
    found: dict[str, str | PrefixTable[str]] = {}
    for begin in map(str, range(100, 1000)):
        fitting = [
            (prefix, country) for prefix, country in rows if prefix.startswith(begin) or begin.startswith(prefix)
        ]
        if len(fitting) == 1:
            found[begin] = fitting[0][1]
        elif fitting:
            longest = max(len(prefix) for prefix, _ in fitting)
            found[begin] = max(fitting)[1] if longest <= len(begin) else PrefixTable(fitting)
    return found


_BEGINNINGS: Final = _first_look()
#: Every country that a number may be in (ISO 3166 alpha-2, and XK, AC, TA as numbering plans have them).
COUNTRIES: Final = frozenset(country for _, country in _rows())


def country_of(msisdn: str) -> str:
    """ISO 3166 alpha-2 of a number (digits, country code first); '' for what is no country's (satellites, +800)."""
    found = _BEGINNINGS.get(msisdn[:3])
    if found is None:
        return ""
    return found if isinstance(found, str) else found.find(msisdn) or ""


_ROWS: Final = dict(_rows())
_TABLE: Final = PrefixTable(_ROWS.items())


def _around() -> dict[str, tuple[str, ...]]:
    """By country: the prefixes of the table where what is said of it begins or ends: its own, and those below them."""
    found: dict[str, set[str]] = {country: set() for country in COUNTRIES}
    for prefix, country in _ROWS.items():
        found[country].add(prefix)
        for length in range(1, len(prefix)):
            above = _ROWS.get(prefix[:length])
            if above is not None:
                found[above].add(prefix)
    return {country: tuple(prefixes) for country, prefixes in found.items()}


_AROUND: Final = _around()
_KEY: Final = re.compile(r"\+?[0-9]{1,15}|[A-Z]{2}", re.ASCII)


def is_territory(key: str) -> bool:
    """True for what rules may be about: a prefix of digits such as 30 or +4479, or a country that has numbers (GR)."""
    return _KEY.fullmatch(key) is not None and (key in COUNTRIES or not key.isalpha())


class Territories(Generic[T]):
    """What is said of prefixes and countries; what is said most precisely of a number counts.

    A country is as precise as the digits that make a number its own: GB is as long as 44, CA as 1416, JE as 447797. Of
    a country and a prefix of one length the country counts.
    """

    __slots__ = ("_countries", "_prefixes", "_said")

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        """`rows` are (prefix of digits, or ISO country; what is said). ValueError for a key that is neither."""
        self._prefixes: dict[str, T] = {}
        self._countries: dict[str, T] = {}
        self._said: PrefixTable[T | None] | None = None  #: made when it is asked for: many are made to be checked only
        for key, said in rows:
            if not is_territory(key):
                raise ValueError(f"'{key[:40]}' is neither a prefix of digits nor an ISO country such as GR")
            if key.isalpha():
                self._countries[key] = said
            else:
                self._prefixes[key.removeprefix("+")] = said

    def find(self, msisdn: str) -> T | None:
        """What counts for a number (digits); None where nothing was said of it."""
        said = self._said
        if said is None:
            said = self._said = self._tabulated()
        return said.find(msisdn)

    def _tabulated(self) -> PrefixTable[T | None]:
        """What counts, by the prefixes at which it may become another."""
        edges = dict.fromkeys(self._prefixes)
        for country in self._countries:
            edges |= dict.fromkeys(_AROUND[country])
        prefixes = PrefixTable(self._prefixes.items())
        return PrefixTable((edge, _counts(edge, prefixes, self._countries)) for edge in edges)


def _counts(digits: str, prefixes: PrefixTable[T], countries: Mapping[str, T]) -> T | None:
    """What counts for digits by the rule as it is told: the definition that `Territories` tabulates."""
    match = prefixes.match(digits)
    located = _TABLE.match(digits)
    if located is not None and located[1] in countries and (match is None or len(match[0]) <= len(located[0])):
        return countries[located[1]]
    return None if match is None else match[1]
