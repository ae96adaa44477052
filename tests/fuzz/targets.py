"""Every target by name."""

from tests.fuzz import answers, commands, imports, language, prices, sections, sound
from tests.fuzz.engine import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *sections.TARGETS,
        *commands.TARGETS,
        *sound.TARGETS,
        *imports.TARGETS,
        *prices.TARGETS,
        *language.TARGETS,
        *answers.TARGETS,
    )
}
