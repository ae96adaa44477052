"""The words numbers are made of."""


def _words(text: str) -> list[str]:
    return text.split()


UNITS = {
    word: value
    for value, word in enumerate(
        _words(
            """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen
"""
        )
    )
}
UNITS |= {"nought": 0, "naught": 0}
TENS = {
    word: 10 * value
    for value, word in enumerate(
        _words("""
    twenty thirty forty fifty sixty seventy eighty ninety
"""),
        start=2,
    )
}
TENS |= {f"{word[:-1]}ies": value for word, value in TENS.items()}
SCALES = {
    "thousand": 1e3, "k": 1e3, "grand": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "mm": 1e6, "mil": 1e6,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12,
}  # fmt: skip
ADJACENT_ONLY = frozenset(("k", "m", "mn", "mm", "bn", "b"))
ORDINALS = {
    word: value
    for value, word in enumerate(
        _words("""
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
"""),
        start=1,
    )
} | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}
TIMES = {
    "once": 1.0, "twice": 2.0, "double": 2.0, "doubled": 2.0, "doubling": 2.0, "doubles": 2.0, "twofold": 2.0,
    "triple": 3.0, "tripled": 3.0, "tripling": 3.0, "treble": 3.0, "trebled": 3.0, "threefold": 3.0, "thrice": 3.0,
    "quadruple": 4.0, "quadrupled": 4.0, "quadrupling": 4.0, "fourfold": 4.0, "fivefold": 5.0, "tenfold": 10.0,
    "halved": 0.5, "halving": 0.5, "halve": 0.5, "halves": 0.5,
}  # fmt: skip
MANY = {"tens": 10.0, "dozens": 12.0, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9}
FRACTIONS = {
    "half": 2, "quarter": 4, "quarters": 4, "third": 3, "thirds": 3, "fifth": 5, "fifths": 5, "tenth": 10, "tenths": 10,
}  # fmt: skip
CURRENCIES = {
    "$": "usd", "us$": "usd", "dollar": "usd", "dollars": "usd", "bucks": "usd", "usd": "usd", "cents": "usd",
    "£": "gbp", "pound": "gbp", "pounds": "gbp", "quid": "gbp", "gbp": "gbp", "pence": "gbp",
    "€": "eur", "euro": "eur", "euros": "eur", "eur": "eur", "¥": "jpy", "yen": "jpy", "rupees": "inr", "₹": "inr",
}  # fmt: skip
TIME_UNITS = {"second": 1 / 60, "minute": 1.0, "hour": 60.0, "day": 1440.0, "week": 10080.0, "month": 43800.0}
TIME_UNITS |= {"quarter": 131400.0, "year": 525600.0, "decade": 5256000.0, "fortnight": 20160.0}
UNIT_ALIASES = {"sec": "second", "secs": "second", "min": "minute", "mins": "minute", "hr": "hour", "hrs": "hour"}
AFTER_FRACTION = frozenset(
    _words("""
    to or and less more fewer faster higher lower in off by within after over when than as from
    had have has were was are is did do does could would will can came went left said never still already no not
    wanted knew took gave got stayed lost failed won passed
""")
)
"""What may follow "a third" where it is a share; before a noun it is an ordinal ("a third person")."""
BEFORE_SHARE = frozenset(_words("up down by to than about around roughly nearly almost only another least cut lost"))
"""What stands before "a quarter" where it is a share and no three months."""
