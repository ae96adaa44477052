"""Words of a transcript with their place in it, and a light guess at what kind of word each is.

No tagger ships with the product (models are downloads), so word classes come from closed lists (pronouns, determiners,
prepositions, auxiliaries: English has few and they do not grow) and from endings for the open ones.
"""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*'?", re.UNICODE)
_ENDS_SENTENCE = re.compile(r"[.!?…]")
_ANY_BREAK = re.compile(r"[.!?…,;:–—]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its lower-case form, offsets `[start, end)` in code points, and the punctuation right before it.

    Attributes:
        after_stop: a full stop, question or exclamation mark stands before it, or it is the first word.
        after_break: any punctuation stands before it (a comma, a dash), or it is the first word.
    """

    word: str
    start: int
    end: int
    after_stop: bool
    after_break: bool


def tokenise(text: str) -> list[Token]:
    """All words of `text` in order; apostrophes are folded to the straight one."""
    tokens: list[Token] = []
    last = 0
    for match in _WORD.finditer(text):
        between = text[last : match.start()]
        first = not tokens
        stop = first or _ENDS_SENTENCE.search(between) is not None
        brk = first or _ANY_BREAK.search(between) is not None
        tokens.append(Token(match.group().lower().replace("’", "'"), match.start(), match.end(), stop, brk))
        last = match.end()
    return tokens


def word_set(text: str) -> frozenset[str]:
    """The words of a blank-separated list."""
    return frozenset(text.split())


SUBJECTS = word_set(
    "i you he she it we they there this that these those who everyone everybody someone somebody nobody "
    "anyone anybody everything nothing something one"
)
PERSONS = word_set("i you he she we they")
OBJECTS = word_set("me him her it us them this that these those myself yourself himself herself ourselves themselves")
POSSESSIVES = word_set("my your his her its our their")
ARTICLES = word_set("a an the")
DETERMINERS = (
    ARTICLES
    | POSSESSIVES
    | word_set("this that these those some any every each no another either neither which what whose all both half")
)
BE = word_set(
    "be am is are was were been being i'm you're he's she's it's we're they're that's there's who's what's "
    "here's isn't aren't wasn't weren't ain't"
)
HAVE = word_set("have has had having haven't hasn't hadn't i've you've we've they've he'd")
DO = word_set("do does did don't doesn't didn't")
MODALS = word_set(
    "will would can could shall should may might must won't wouldn't can't cannot couldn't shouldn't "
    "i'll you'll he'll she'll it'll we'll they'll i'd you'd he'd she'd we'd they'd to"
)
AUXILIARIES = BE | HAVE | DO | MODALS
CONTRACTED_SUBJECTS = frozenset(w for w in AUXILIARIES if re.match(r"(i|you|he|she|it|we|they|that|there)'", w))
COORDINATORS = word_set("and but or so because cause then yet")
SUBORDINATORS = word_set("because when while if since before after until although though unless that where whereas as")
WH = word_set("how what why where who whom whose when which whether if")
PREPOSITIONS = word_set(
    "in on at by for with from to of about into onto over under through between during without "
    "within across against along around behind below beside beyond down inside near off out outside "
    "past per toward towards up upon via"
)
INTENSIFIERS = word_set(
    "really very so super totally completely quite pretty too extremely absolutely incredibly "
    "rather fairly entirely seriously just even"
)
ADVERBS = word_set(
    "not never always often usually still already also only again maybe perhaps probably almost "
    "suddenly immediately quickly slowly actually basically literally honestly definitely certainly "
    "mostly mainly nearly currently eventually finally sometimes all"
)
NUMBERS = word_set(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand "
    "million billion dozen half"
)
VAGUE_QUANTITIES = word_set(
    "maybe about around roughly approximately almost nearly over under hundreds thousands "
    "millions dozens tons loads several"
)
PERCEPTION = word_set(
    "feel feels felt look looks looked sound sounds sounded taste tastes tasted smell smells smelled "
    "smelt seem seems seemed feeling looking sounding smelling tasting looks"
)
_PAST = word_set(
    "was were had did went got made took came saw knew thought gave found told felt left kept held brought "
    "began ran wrote sat stood heard let meant met paid put read said sent set spent spoke stuck taught "
    "threw understood won wore built bought caught chose drew drove ate fell fought forgot froze grew hid "
    "hit hurt led lost rang rode rose sold shook shut sang slept stole swam tore woke broke cut quit cost "
    "became blew bit dealt dug fed flew hung laid lay lent lit sank shot slid spun split spread sprang "
    "struck swore swept swung undid wept wound"
)
_NOT_PAST = word_set("need feed speed bed red need seed shed breed indeed hundred bleed exceed proceed succeed embed")
_ADJECTIVE_ENDINGS = ("ful", "ous", "ive", "able", "ible", "ish", "less", "ical", "ary")
_BASE_ADJECTIVES = word_set(
    "good bad big small hard easy nice cold hot late early long short old new young busy tired "
    "happy sad angry scared nervous worried strange odd weird funny quiet loud slow fast shy "
    "stressful stressed bored boring confused confusing annoyed annoying relieved proud lucky "
    "crazy messy awkward stupid silly cool great fine lost stuck huge tiny open closed rough "
    "tough tricky dull rude kind sure afraid ready sick ill alone surprised impressed fun cheap "
    "expensive heavy light dark bright wet dry clean dirty full empty upset mad tense calm "
    "overwhelmed overwhelming intense chaotic complicated difficult simple different similar"
)


def is_past(word: str) -> bool:
    """Looks like a past tense or participle."""
    return word in _PAST or (len(word) > 3 and word.endswith("ed") and word not in _NOT_PAST)


def is_gerund(word: str) -> bool:
    """Looks like an -ing form."""
    nouns = {"thing", "something", "nothing", "anything", "everything", "morning", "evening", "during", "bring", "king"}
    return len(word) > 4 and word.endswith("ing") and word not in nouns


def is_adjective(word: str) -> bool:
    """Looks like an adjective."""
    return word in _BASE_ADJECTIVES or word.endswith(_ADJECTIVE_ENDINGS)


def is_number(word: str) -> bool:
    """A number in words or digits ("forty-two", "40", "3.5")."""
    return word[:1].isdigit() or word.split("-")[0] in NUMBERS


def is_adverb(word: str) -> bool:
    """Looks like an adverb."""
    nouns = {"family", "reply", "supply", "assembly", "only", "early", "daily", "italy", "july", "fly", "apply"}
    return word in ADVERBS or (len(word) > 4 and word.endswith("ly") and word not in nouns)


def is_finite(word: str) -> bool:
    """Looks like a finite verb: an auxiliary or a past form."""
    return (word in AUXILIARIES and word != "to") or is_past(word)
