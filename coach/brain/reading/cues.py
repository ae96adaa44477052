"""The phrases by which people mark setting, duty, deed and outcome when they tell a story.

Each pattern is searched in one clause (folded text). They are about how English narrates, not about any trade. Which of
them count how much is learnt (`data/offline/star_model.json`); which clause serves as evidence is decided by the plain
sums in `offline_roles`.
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re

NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|half|quarter|third|double|twice)"
)
_UNIT = r"(?:second|minute|hour|day|night|week|weekend|fortnight|month|quarter|term|season|year|shift)s?"
_MONTH = r"(?:january|february|march|april|june|july|august|september|october|november|december|spring|summer|autumn|winter|christmas|easter)"
WORKPLACE = (
    r"(?:job|role|company|firm|employer|place|team|office|school|college|university|hospital|ward|shop|store|warehouse|depot|site|clinic|surgery|branch|"
    r"restaurant|kitchen|hotel|bank|factory|plant|lab|startup|agency|department|desk|project|placement|internship|course|organisation|organization)"
)
_BOSS = r"(?:manager|boss|director|supervisor|lead|leader|head|chef|owner|client|customer|ceo|cto|cfo|board|principal|teacher|professor|foreman|chief|vp|president|matron|tutor|company|department)"


def _c(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


NUMBER = _c(rf"(?<![\w.])(?:[$£€]\s?)?\d[\d,.]*\s?(?:%|percent|per cent|k\b|m\b|x\b)?|\b{NUMBER_WORD}\b")

CUES: dict[str, re.Pattern[str]] = {
    # setting
    "time": _c(
        rf"\b(?:last|this|that|one|the previous|the following) (?:{_UNIT[:-2]}s?|{_MONTH}|(?:mon|tues|wednes|thurs|fri|satur|sun)day|time)\b|\b(?:in|since|back in|around|until|by) (?:19|20)\d\d\b"
        rf"|\b(?:in|last|this|by|early|late|mid) {_MONTH}\b|\bago\b|\bwhen i (?:was|joined|started|took|worked|moved|arrived|first)\b|\b(?:my|in) (?:first|second|third|final|last) (?:{_UNIT}|job|role|placement)\b"
        rf"|\bone (?:day|night|morning|afternoon|evening|of (?:my|our|the))\b|\b(?:before|after) (?:christmas|easter|the summer)\b|\b(?:couple|few) of? ?(?:{_UNIT}) (?:ago|before|back)\b|\b(?:at|on) (?:the )?(?:ten|{NUMBER_WORD}|\d+) (?:o'clock|past|to|in the)\b"
    ),
    "place": _c(
        rf"\b(?:at|in|for|with|on) (?:my|our|a|an|the|this) (?:\w+[- ]){{0,3}}{WORKPLACE}\b|\bi (?:was )?work(?:ed|ing|s)? (?:in|at|for|as|on)\b|\bmy (?:last|previous|old|former|current|first) \w+|\bour (?:\w+ ){{0,2}}(?:team|company|branch|department|school|site|service|desk|warehouse|depot|practice)\b"
    ),
    "role": _c(
        r"\bi(?:'m| was| am|'d been|'d just been made|'ve been) (?:made |then |the only |only |also )*(?:the |an? |our |their )?(?:\w+[- ]){0,2}(?:lead|leader|manager|engineer|nurse|analyst|assistant|supervisor|coordinator|developer|chef|"
        r"teacher|tutor|designer|officer|owner|treasurer|secretary|intern|student|volunteer|captain|worker|clerk|adviser|advisor|agent|rep|representative|technician|driver|archivist|trainee|consultant|founder|foreman|receptionist|buyer|planner|scientist|accountant|carer|\w+er|\w+or|\w+ist)\b"
        r"|\bas (?:a|an|the) (?:\w+[- ]){0,2}(?:lead|manager|engineer|nurse|analyst|assistant|supervisor|coordinator|developer|teacher|tutor|intern|volunteer)\b|\bi (?:ran|led|managed|supervised|headed|looked after) (?:a|the|our|an)\b"
    ),
    "problem": _c(
        r"\b(?:problem|issue|complain\w*|crash\w*|broke(?:n)?|fail(?:ed|ing|ure|s)|delay\w*|late|behind|down|error|mistake|wrong|mess|crisis|stuck|struggl\w*|shortage|short-staffed|understaffed|overwhelm\w*|outage|bug|leak\w*|queue\w*|backlog|angry|"
        r"unhappy|upset|conflict|clash\w*|disagree\w*|argument|refus\w*|quit|resign\w*|off sick|ran out|running out|kept|cancel\w*|bust|lost|missing|risk|concern\w*|worried|unsafe|near miss\w*|turnover|scared|confus\w*|slow|inconsistent|silo\w*|pressure)\b"
    ),
    "there_was": _c(
        r"\b(?:there (?:was|were)|we(?:'d)? had|i(?:'d)? had a|it was (?:a|an|the|in|on|at)|we were (?:about|on|in|at|a|two|three|running|working|using|launching|designing|getting))\b"
    ),
    "named": _c(r"(?!x)x"),  # names are looked up in the raw text
    "vague_setting": _c(
        r"\b(?:a lot of|there's been a few|every day|in different environments|at some point|a busy period|challenging period|one of those|the other week|back in my old|a while (?:back|ago))\b"
    ),
    # duty
    "task_mine": _c(
        r"\b(?:my|our) (?:\w+ ){0,2}(?:job|task|role|goal|aim|target|responsibility|brief|objective|quota|duty|mission|ask|remit|challenge|deadline) (?:\w+ ){0,3}(?:was|is|were|had|would be|became)\b"
        r"|\b(?:was|were|is) (?:all )?(?:my|mine) (?:job|call|responsibility|task|problem|decision|duty)?\b|\bmy (?:job|responsibility|call) and nobody\b"
        r"|\bi(?:'d| had)? (?:was|am|were|'m|been|got|'d been|had been) (?:\w+ )?(?:asked|tasked|told|responsible|in charge|put in charge|given|brought in|supposed|assigned|expected|appointed|set|meant)\b"
        r"|(?<!nobody had )(?<!nobody )(?<!no one )(?<!hadn't )\b(?:asked|asks?|told|wanted|expected|needed|trusted|ordered|instructed|wants) me (?:and (?:\w+ ){1,3})?(?:to|for|responsible|if i)\b|\bgave me (?:until|two|three|\d+|one|six|responsib|the (?:job|task) of)\b|\b(?:had )?given me\b|\bleft it to me\b"
        r"|\b(?:it|that|which|this|so|what\w* \w+ \w+|\w+ (?:decision|close|calendar|date)) (?:was|were|is|'s|fell|going to be) (?:\w+ ){0,4}?(?:on me\b|up to me|down to me|on my (?:head|shoulders)|my (?:call|job|responsibility|decision|problem|task|name)|mine\b)|\bwas (?:mine|my call|down to me|up to me|on me|on my head)\b"
        r"|\b(?:fell|falls) to me\b|\bi owned\b|\bi(?:'m| was) the one (?:who|looking)\b|\bmy (?:manager|boss|director) (?:said|told)\b|(?:\bwas |\bwere |'m |am )responsible for\b|\bi took (?:on|responsibility|ownership of|charge)\b|\bi'd promised\b"
    ),
    "task_goal": _c(
        r"\b(?:the|its|this|one|a|had the|with the|the only) (?:\w+ ){0,2}(?:goal|target|aim|objective|brief|mission|deadline|task|challenge|ask) (?:\w+ ){0,3}?(?:was|is|were|of|to)\b|\bset (?:a|the|myself|ourselves) (?:\w+ )?(?:target|goal)\b|\bgave myself\b|\btarget of\b|\bset myself\b"
        r"|\bwas given (?:a|the|until)\b|\b(?:i|we|team) (?:only |just )?(?:had|'d got|had got|have) (?:about |only |a hard |just )?(?:\w+[ -]){0,2}(?:days?|weeks?|weekends?|hours?|minutes?|date|deadline|months?|saturdays?)(?: and [^,.]{1,40})?(?: to\b|\b)|\bhad until\b|\bby the (?:\w+ )?(?:of|end|next|first)\b"
    ),
    "task_need": _c(
        r"\bi (?:\w+ )?(?:needed|had|wanted|have|need|want|decided|was trying|aimed|set out|hoped|must|promised) (?:\w+ )?(?:to\b|it to|him to|her to|them to|us to|at least|that\b|one for|no )|\bi'd (?:have|need|had) to\b|\bi decided i'd\b|\bi must\b|\bso i could\b|\bmy idea was\b"
    ),
    "task_shared": _c(
        r"\b(?:we|us|our (?:\w+ ){1,3}|the team|the (?:\w+ )?(?:manager|boss|director|client|customer|board|council|company)|they) (?:\w+ )?(?:needed|had|wanted|must|need|have) to\b|\b(?:wanted|needed) (?:us|none|no|it|that)\b|\bhad the objective\b|\b(?:manager|boss|director|client|board|customer) wanted\b"
    ),
    "task_team": _c(
        r"\b(?:we|our (?:\w+ ){1,4}|the team|(?:project )?team) (?:had been |was |were |'d been )(?:\w+ )?(?:asked|told|given|set|tasked|responsible|invited and|expected)\b|\bus a target\b|\bteam (?:of \w+ )?had \w+ (?:\w+ ){0,5}to\b|\bmeant to\b"
    ),
    "task_weak": _c(
        r"\bhad to (?:kind of |sort of |just )?(?:sort|deal|fix|manage|do something|get on|handle|be (?:\w+ )?(?:sorted|done|dealt|fixed|saved|solved))\b|\bsomeone had to\b|\bsupposed to be\b|\bnobody (?:had )?asked me\b|\bi wasn't asked\b"
        r"|\b(?:needed|wanted|had) (?:it )?to (?:\w+ )?(?:it|this|that|things|everything)\b|\b(?:needed|wanted) (?:it|this|that|him|them) to (?:stop|work|change|end|be (?:good|better|ok|fine))\b|\bi (?:wanted|tried) (?:to|that) (?:help|do my best|be)\b|\bwe (?:needed|had) to\b|\bsomehow\b"
    ),
    # deed
    "generic_action": _c(
        r"\b(?:tried to be|put in the effort|looked at (?:everything|different|what|options|it)|looked into (?:it|things)|worked (?:really |very |so |extremely )?hard|did (?:my|our|his|their|the) (?:best|bit|maximum|part)|did what (?:needed|we|i|had)|"
        r"pitched in|came together|pulled together|all hands|team effort|improved (?:the |our )?(?:process|processes|communication|things)|communicat\w+ (?:was better|with all|well|a lot|better)|took ownership|a lot of meetings|"
        r"sorted it|worked (?:it )?(?:together|through|as a team|as a group|with the)|supported (?:each|one) (?:other|another)|talked (?:it|about it|to (?:the|various|different|each|people)|things)|spoke to (?:various|different|people|everyone)|"
        r"stayed (?:positive|calm|focused)|positive attitude|kept (?:each other|our eye|going|asking|trying|pushing)|solution[- ]focused|everybody brought|overcame|gave it (?:my|our) all|went the extra mile|"
        r"handled it|dealt with it|deal with it|managed it|fixed it|made it happen|made sure everything|did a lot|many efforts|do it|make the solidarity|shared the information\w*|played to|engaged with|all of that|"
        r"different (?:options|things|ways)|various (?:people|things)|all the right people|best practices?|stakeholders aligned|thought outside|lead from|open door|hold people accountable|empower\w*|leverage\w*|drive|driving|align\w*)\b"
    ),
    "passive": _c(
        r"\b(?:was|were|got|been|be) (?:then |also |all )?(?:\w{3,}ed|done|made|set|built|sent|put|taken|given|found|written|held)\b(?: by)?"
    ),
    "sequence": _c(
        r"\b(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|then|next|after that|finally|also|started by|began by|step|afterwards|meanwhile|once)\b"
    ),
    "conditional": _c(
        r"\b(?:i'd|i would|we'd|we would|i will|i'll) (?:\w+ )?(?:always |probably |just |first |then |also )?(?:make|try|find|ask|tell|start|go|look|listen|talk|use|put|be|do|explain|check|take|call|speak|say|want|get|split|compare|open|write|offer|keep|never|give|sit|work|need|set|record|follow|smile|have)\b|\bif (?:a|an|i|you|someone|they|there|it|the|something)\b"
    ),
    "habit": _c(
        r"\b(?:always|usually|generally|normally|typically|tend to|every day|every time|in general|i like to|i believe|i think|i'm (?:a|very|pretty|good|really|quite)|you (?:have to|need to|just|know|can|should|ring|deal|come|break|look))\b"
    ),
    # outcome
    "result_marker": _c(
        rf"\b(?:as a result|in the end|the result|the outcome|eventually|ultimately|by the end|at the end of (?:the|that|this)|finally|since (?:then|that)|ever since|it turned out|that meant|which meant|(?:a|the|\w+) (?:{_UNIT}) (?:later|after|on|since)|after (?:a|the|one|two|three|six|\w+) (?:{_UNIT}|that)|by (?:{_MONTH}|the (?:{_UNIT})|week|{NUMBER_WORD}|\d)|within (?:\w+ ){{1,2}}(?:{_UNIT})|(?:the|that) (?:following|next|same) (?:{_UNIT}|evening|day|quarter)|to this day|over time|over the next|so far|the {_UNIT[:-2]} after)\b"
    ),
    "result_change": _c(
        r"\b(?:dropped|fell|rose|grew|reduc\w+|increas\w+|decreas\w+|shrank|doubled|halved|tripled|saved|gained|boosted|lowered|raised|exceed\w+|beat|jumped|climbed|cut|improv\w+) (?:[\w'$£€%,.-]+ ){0,7}?(?:from|by|to|under|over|in half|below|above|\d)"
        r"|\b(?:went|goes|came|go) (?:[\w'-]+ ){0,3}?(?:from|down|up to|out .* lower)\b|\b(?:down|up) (?:from|to|by) (?:about |around |nearly |over |under )?[\w$£€]|\b(?:compared (?:with|to)|versus|before that|the year before|than before|where (?:it|before) (?:was|it))\b|\bwe (?:were|are) (?:at|down|up|on) \w+|\bwas (?:down|up|under|below|at) (?:to )?\w+"
        r"|\b(?:more|fewer|less|faster|lower|higher|cheaper|quicker) than\b|\bsaved (?:us|the|about|around|\w+ )|\b(?:half|twice|double) (?:as|the|of what)\b|\bused to (?:take|be)\b"
    ),
    "result_done": _c(
        r"\b(?:launched|shipped|opened|passed|won|finished|completed|delivered|approved|agreed|adopted|signed|closed|hired|promoted|paid|resolved|cleared|landed|achieved|hit (?:the|our|my|it)|met (?:the|our|all|every)|succeeded|went live|handed in|got there|copied|recovered|came true|worked|held|"
        r"apologi[sz]ed|thanked|praised|recommended|renewed|stayed|came back|come back|rebooked|(?<!\bi )booked(?! for\b)|ordered|chose|picked|accepted|understood|integrated|demoed|turned up|showed up|reviewed|caught|refunded|awarded|earned|generated|exceeded|gave us|gave me|put me forward|asked (?:to|for|me)|took (?:it|them|him|her) |approached|"
        r"arrived|left|returned|cleared|sent us|sent me|wrote to|rang us|shook my hand|said (?:yes|no problem|that nobody)|joined|stopped|sold|raised|reopened|came|went out|used|bring|brought|became|turned out)\b"
    ),
    "result_absence": _c(
        r"\b(?:no (?:more|further|\w+ (?:since|after|lost|missed|needed|shortage|incidents?|complain\w*))|nobody|no one|not one|none|without (?:any|a|further|incident|impacting|anyone)|zero|never (?:again|happened|came|had)|hasn't (?:happened|come|been)|haven't|didn't miss|weren't any|only (?:one|two|had|run|lost|refunded)|no \w+ (?:went|lost|was|turned))\b"
    ),
    "result_lasting": _c(
        r"\b(?:still (?:use|uses|used|there|the|run|runs|in|do|does|have|has|there)|it's still|now (?:use|uses|the|a|standard|has|have|there|children|they|every|lets|it|we)|are \w+ now|every (?:year|month|week|day) since|since then|standard|official\w*|template|policy|emergency plan|rolled out|other (?:teams|departments|sites|branches|shops)|became (?:the|a)|is (?:now|what)|to this day|to date|confident|independent|lets a|from then on|ever since|these days|three years on)\b"
    ),
    "result_praise": _c(
        r"\b(?:award|bonus|record|promotion|team leader job|thank(?:ed|s)|feedback|rating|out of five|stars|trophy|first place|recognition|rebate|happy with|proud|letter|by name)\b"
    ),
    "result_weak": _c(
        r"\b(?:(?:it|that|which|everything|things?|all|we|meeting|project)(?: all)? (?:\w+ )?(?:went|goes|turned out|worked|works|worked out|was|is|got|became) (?:\w+ ){0,2}(?:well|fine|ok|okay|good|great|smoothly|better|perfect|nice\w*|alright|all right|itself out|out)|"
        r"(?:was|were|is|seemed|are|be|became) (?:\w+ )?(?:happy|happier|pleased|satisfied|fine|good|ok|okay|nice|better|grateful|glad|impressed|successful)|good results?|(?:it|that) (?:all )?worked(?: out)?\b|got better|manage the project nicely|positive (?:feedback|outcome|result|response)|"
        r"and they did|went (?:pretty |really |very )?(?:well|ok|fine)|said yes|usually works|always delivered|atmosphere (?:became|was))\b"
    ),
    "lesson": _c(
        r"\b(?:i(?:'ve)? learn(?:ed|t)|taught me|the lesson|made me realise|it showed me|i think (?:that's|it's|delegating|leadership|teamwork|communication)|for me it's|that's (?:the|what|how|my|generally)|takeaway|i'd (?:do|say)|i'm (?:good|really|a really|the kind))\b"
    ),
    # no answer
    "no_answer": _c(
        r"\b(?:can't (?:really )?(?:think of|remember|recall)|cannot think|don't (?:really )?(?:have|know|get|remember|think i)|no,? not really|nothing comes|never (?:really )?(?:had|been|happened)|come back to (?:that|this)|haven't (?:really )?(?:had|done)|not sure|i've no idea|pass on)\b"
    ),
}
