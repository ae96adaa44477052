# ruff: noqa: E501
"""The truth guard on texts of our own: spoken sources, written rewrites, what is supported and what is invented."""

import pytest

from coach.brain.truth.guard import TruthGuard

CASES: list[tuple[str, str, str, list[str]]] = [
    # transcript, resume, rewrite, invented spans
    (
        "we were losing about a third of our volunteers every year and i called each of them and now we lose maybe one in ten",
        "Volunteer Coordinator, Marsh End Hospice.",
        "As Volunteer Coordinator at Marsh End Hospice I cut annual volunteer losses from a third to 10% by calling each one.",
        [],
    ),
    (
        "we were losing a lot of our volunteers every year and i called each of them and now most of them stay",
        "Volunteer Coordinator, Marsh End Hospice.",
        "As Volunteer Coordinator at Marsh End Hospice I cut annual volunteer losses by 40% by calling all 60 of them.",
        ["40%", "60"],
    ),
    (
        "so i wrote a little script in python that pulls the numbers from our s q l database every morning",
        "Data Analyst, Quill Insurance. SQL, Python, Tableau.",
        "I wrote a Python script that pulls figures from our SQL database every morning and feeds a Tableau dashboard.",
        [],
    ),
    (
        "so i wrote a little script that pulls the numbers from our database every morning",
        "Data Analyst, Quill Insurance.",
        "Using Python, I automated our morning figures from a Snowflake database.",
        ["Python", "Snowflake"],
    ),
    (
        "it was a tuesday in the middle of february and the boiler failed and i had sixty residents",
        "Care Home Manager, Elm Court.",
        "On a Tuesday in mid-February, the boiler at Elm Court failed with 60 residents in the building.",
        [],
    ),
    (
        "it was a tuesday in the middle of february and the boiler failed and i had sixty residents",
        "Care Home Manager, Elm Court.",
        "On a Thursday in mid-March, the boiler at Elm Court failed with 16 residents in the building.",
        ["Thursday", "March", "16"],
    ),
    (
        "my colleague priya and i rebuilt the onboarding and people were up and running in half the time",
        "HR Partner, Tolland Group, 2018–2022.",
        "With my colleague Priya, I rebuilt onboarding at Tolland Group, and new starters were productive in 50% of the time.",
        [],
    ),
    (
        "my colleague and i rebuilt the onboarding and people were up and running a lot faster",
        "HR Partner, Tolland Group, 2018–2022.",
        "With my colleague Priya Nair, I rebuilt onboarding at Tolland Group in 2019, halving ramp-up time.",
        ["Priya Nair", "2019", "halving"],
    ),
    (
        "the project was twelve weeks late when i took it on and we delivered it in the end just two weeks late",
        "Project Manager.",
        "I took over a project running 12 weeks late and delivered it only two weeks behind schedule.",
        [],
    ),
    (
        "the project was twelve weeks late when i took it on and we delivered it in the end just two weeks late",
        "Project Manager.",
        "I took over a project running 12 months late and delivered it only two weeks behind schedule.",
        ["12 months"],
    ),
    (
        "i had a class of thirty one and nine of them did not speak english at home",
        "Teacher, St Brannock's Primary. QTS 2016.",
        "In a class of 31 at St Brannock's Primary, nine pupils did not speak English at home.",
        [],
    ),
    (
        "i had a class of thirty one and nine of them did not speak english at home",
        "Teacher, St Brannock's Primary. QTS 2016.",
        "In a class of 31 at St Brannock's Primary in Leeds, 12 pupils did not speak English at home. Inspectors from Ofsted praised it.",
        ["Leeds", "12", "Ofsted"],
    ),
    (
        "we went from four hundred tickets a week to about two fifty",
        "Support Lead, Fathom Software.",
        "Weekly tickets fell from 400 to about 250.",
        [],
    ),
    (
        "we saved roughly forty thousand euros in the first year",
        "Buyer, Kestrel Foods GmbH.",
        "At Kestrel Foods, I saved about €40K in the first year.",
        [],
    ),
    (
        "we saved roughly forty thousand euros in the first year",
        "Buyer, Kestrel Foods GmbH.",
        "At Kestrel Foods, I saved about €400K in the first six months.",
        ["€400K", "six"],
    ),
    (
        "i moved us off the old wiki onto notion and i ran three short sessions to show people how",
        "Operations Associate, Larkfield.",
        "I migrated Larkfield from its legacy wiki to Notion and ran three training sessions.",
        [],
    ),
    (
        "i moved us off the old wiki onto notion and i ran a few short sessions to show people how",
        "Operations Associate, Larkfield.",
        "I migrated Larkfield from its legacy wiki to Confluence and ran five training sessions for 80 staff.",
        ["Confluence", "five", "80"],
    ),
    (
        "we deployed to kubernetes on a w s and i was the only one who knew it",
        "DevOps Engineer.",
        "We deployed to Kubernetes on AWS, and I was the only person who knew it.",
        [],
    ),
    (
        "the wait for a scan was eighteen days and we brought it to six",
        "Radiographer, Northgate NHS Trust.",
        "At Northgate NHS Trust, I cut the wait for a scan from 18 days to 6, a two-thirds reduction.",
        ["two-thirds"],
    ),
    (
        "the queue got much shorter after i moved the second till",
        "Shift Lead, Morello Market.",
        "Moving the second till cut queues at Morello Market by [X%], and customer satisfaction rose.",
        [],
    ),
    (
        "we had a fire drill at seven in the morning and forty people came out the wrong door",
        "Facilities Officer.",
        "At a 7 a.m. fire drill, 40 people left by the wrong door.",
        [],
    ),
    (
        "we had a fire drill early in the morning and some people came out the wrong door",
        "Facilities Officer.",
        "At a 7:30 a.m. fire drill, dozens of people left by the wrong door.",
        ["7:30 a.m.", "dozens"],
    ),
    (
        "in the second quarter of twenty twenty two sales dropped and i called our top twenty customers",
        "Account Manager, Brindle Paper.",
        "When sales dropped in Q2 2022, I called our top 20 customers.",
        [],
    ),
    (
        "sales dropped and i called our top customers and most came back",
        "Account Manager, Brindle Paper.",
        "When sales dropped 15% in Q2 2022, I called our top customers; 90% returned.",
        ["15%", "Q2 2022", "90%"],
    ),
    (
        "i led the whole thing from the first sketch to the launch with no budget at all",
        "Designer, Harrow & Vale.",
        "At Harrow & Vale, I led the project from first sketch to launch with zero budget. Every stakeholder signed it off.",
        [],
    ),
    (
        "i got the certificate in the end and then they made me supervisor",
        "Machine Operator, Stenbeck Plastics, 2015 to 2020.",
        "After earning my Six Sigma Green Belt, I was promoted to supervisor at Stenbeck Plastics.",
        ["Six Sigma Green Belt"],
    ),
    (
        "we used to do the rota on paper and i put it in google sheets so people could see it on their phones",
        "Ward Clerk.",
        "I moved the paper rota into Google Sheets so that staff could see it on their phones.",
        [],
    ),
    (
        "the client was angry and i rang them and then i sent a plan the same day and they stayed with us",
        "Consultant, Pryce Delaney LLP.",
        "When a client of Pryce Delaney was close to leaving, I called them and sent a recovery plan within 24 hours. They stayed.",
        ["24"],
    ),
    (
        "i ran the coding club for two years and about twenty kids came each week",
        "Librarian, Oakham Library.",
        "For two years I ran the coding club at Oakham Library, with around 20 children attending each week.",
        [],
    ),
    (
        "i ran the coding club and about twenty kids came each week",
        "Librarian, Oakham Library.",
        "For three years I ran the coding club at Oakham Library, with more than 200 children attending each week.",
        ["three", "200"],
    ),
    (
        "basically revenue went from one point two million to one point eight",
        "Founder.",
        "I grew revenue from $1.2 million to $1.8 million, a 50% increase.",
        ["50%"],
    ),
    (
        "the app crashed for about half our users after the update so i rolled it back within twenty minutes",
        "Mobile Developer, iOS and Android.",
        "After an update crashed the app for roughly 50% of users, I rolled it back within 20 minutes on iOS and Android.",
        [],
    ),
    (
        "so we took on our biggest customer ever a supermarket and my part was the labels",
        "Packaging Technologist, Venn Foods.",
        "Venn Foods won its biggest customer, Tesco, and I owned the labels for all 120 products.",
        ["Tesco", "120"],
    ),
    (
        "i had been there since twenty sixteen and in all that time nobody had checked the alarms",
        "Caretaker, Moss Lane School.",
        "Since 2016, nobody at Moss Lane School had checked the alarms. I drew up a monthly schedule.",
        [],
    ),
    (
        "twice a week i sat down with the new nurse and after a month she was doing the round by herself",
        "Staff Nurse.",
        "I mentored a new nurse twice a week; after four weeks she was running the round on her own.",
        [],
    ),
    (
        "a customer wrote to the chief executive about it and she forwarded it to me",
        "Service Desk Analyst, Halden Water.",
        "After a customer wrote to the CEO of Halden Water, she asked me to resolve it.",
        [],
    ),
    (
        "we tripled the number of people who finish the course",
        "Learning Designer, Opal Training.",
        "I tripled course completion at Opal Training, from 20% to 60%.",
        ["20%", "60%"],
    ),
    (
        "i hired seven people in one summer",
        "Store Manager, Cobble Coffee, Bristol.",
        "In one summer I hired seven people for Cobble Coffee in Bristol, Bath and Cardiff.",
        ["Bath", "Cardiff"],
    ),
    ("it cost us a hundred and ten grand", "", "It cost us £110K.", []),
    ("uptime went to ninety nine point nine percent", "", "Uptime reached 99.9%.", []),
    ("uptime went up", "", "Uptime reached 99.9%.", ["99.9%"]),
    (
        "we opened at half past eight and shut at quarter to six",
        "",
        "We opened at 8:30 a.m. and closed at 5:45 p.m.",
        [],
    ),
    ("it took an hour and a half and then three quarters of an hour", "", "It took 90 minutes, then 45 minutes.", []),
    ("it took a quarter of an hour", "", "It took 15 minutes.", []),
    ("it took a quarter of an hour", "", "It took 50 minutes.", ["50"]),
    ("i sold about a couple hundred tickets", "", "I sold about 200 tickets.", []),
    ("there were three hundred and forty seven emails", "", "There were 347 emails.", []),
    ("there were three hundred and forty seven emails", "", "There were 374 emails.", ["374"]),
    ("they gave me forty k to spend", "", "I was given $40,000 to spend.", []),
    ("we got i s o nine thousand and one that year", "", "We achieved ISO 9001 that year.", []),
    ("we got audited that year", "", "We achieved ISO 27001 that year.", ["ISO 27001"]),
    ("we finished on the fourth of july", "", "We finished on July 4th.", []),
    ("we finished in july", "", "We finished on July 14.", ["14"]),
    ("it was back in the nineteen eighties", "", "It was in the 1980s.", []),
    ("i put the slides together in power point", "", "I built the slides in PowerPoint.", []),
    ("i put the slides together", "", "I built the slides in Canva. Jira tracked the tasks.", ["Canva", "Jira"]),
    ("my boss sarah liked it", "Clerk, Dunmore Bank", "My manager, Sarah, approved it at Dunmore Bank.", []),
    ("my boss sarah liked it", "Clerk, Dunmore Bank", "My manager, Sarah Whitlock, approved it.", ["Whitlock"]),
    ("so the top ten accounts were mine", "", "I managed our top 10 accounts as a 5-star rated agent.", ["5"]),
    ("we had two or three million rows", "", "We processed two to three million rows.", []),
    ("we had about ten thousand orders", "", "We processed thousands of orders.", []),
    ("both teams agreed in the end", "", "The two teams agreed in the end.", []),
    ("all of them passed", "", "100% of them passed.", []),
    ("they named it after our project", "", "They called it Project Phoenix.", ["Project Phoenix"]),
    (
        "i studied nursing",
        "BSc Nursing, 2014",
        "I studied Nursing at the University of Leeds.",
        ["University of Leeds"],
    ),
    ("that was a lesson for me", "", "I learned a lesson: communicate early. [Add X%] It stuck with me 24/7.", []),
    (
        "we met once a week on zoom",
        "",
        "We held a weekly Zoom call, first with Finance and then with the Head of Operations.",
        [],
    ),
    ("it was me and five others in the kitchen", "", "I worked in a kitchen team of six.", []),
    ("it was me and five others in the kitchen", "", "I worked in a kitchen team of nine.", ["nine"]),
    ("about two thirds of them came back", "", "About 2/3 of them came back. I double-checked every list.", []),
    ("i got my diploma in the end", "", "I completed my NVQ Level 3 and moved to Grade 7.", ["NVQ Level 3", "7"]),
    ("during covid we moved everything online", "", "During COVID-19 we moved everything online.", []),
    ("i was in year nine maths then", "", "I was teaching Year 9 maths.", []),
    (
        "we sell to hospitals",
        "",
        "We sold to hospitals such as St Thomas' and the Royal Free.",
        ["St Thomas", "Royal Free"],
    ),
    ("it took a while", "", "In winter 2022, a third-party audit took one quarter.", ["winter 2022"]),
    ("we did two thousand eight hundred units", "", "We shipped 2,800 units, up 3x.", ["3x"]),
    (
        "so we had this supplier in rotterdam who kept sending short pallets and i drove over there and sat in their warehouse for a day and a half and after that it never happened again",
        "Supply Planner, Osier & Finch Ltd (2020–2024)",
        "When a Rotterdam supplier of Osier & Finch repeatedly sent short pallets, I spent a day and a half in their warehouse. It never happened again.",
        [],
    ),
    (
        "so we had this supplier who kept sending short pallets and i drove over there",
        "Supply Planner, Osier & Finch Ltd (2020–2024)",
        "When our Rotterdam supplier DeVries repeatedly sent short pallets, I drove 600 km to meet them and cut errors to below 1%.",
        ["Rotterdam", "DeVries", "600", "1%"],
    ),
    (
        "i set up a mentoring scheme with twelve pairs and ten of them kept going after the six months",
        "People Advisor, Tarn Housing",
        "I set up a mentoring scheme with 12 pairs; 10 continued beyond the initial six months, an 83% continuation rate.",
        ["83%"],
    ),
    (
        "we had a budget of one and a half million and i brought it in for one point four",
        "Site Manager, Corrie Build",
        "I delivered a £1.5M project for £1.4M at Corrie Build.",
        [],
    ),
    (
        "we had a budget of one and a half million and i brought it in for a bit less",
        "Site Manager, Corrie Build",
        "I delivered a £1.5M project for £1.35M at Corrie Build, saving £150,000.",
        ["£1.35M", "£150,000"],
    ),
    (
        "i taught myself tableau over a weekend and built the dashboard the board still looks at",
        "Analyst, Skerry Energy. Tableau, SQL.",
        "Over one weekend I taught myself Tableau and built the dashboard Skerry Energy's board still uses.",
        [],
    ),
    (
        "i taught myself the tool over a weekend and built the dashboard the board still looks at",
        "Analyst, Skerry Energy.",
        "Over one weekend I taught myself Tableau and built the dashboard Skerry Energy's board still uses every Monday.",
        ["Tableau", "Monday"],
    ),
    (
        "um my manager went on leave in november and i ran the rota for twenty two people until she came back in the new year",
        "Duty Manager, Pennant Leisure",
        "When my manager went on leave in November, I ran the rota for 22 people until the new year.",
        [],
    ),
    (
        "um my manager went on leave and i ran the rota for twenty two people until she came back",
        "Duty Manager, Pennant Leisure",
        "When my manager went on leave in November 2023, I ran the rota for 32 people for eight weeks.",
        ["November 2023", "32", "eight"],
    ),
    (
        "we tested it with like five customers first and three of them hated it so we changed the first screen",
        "Product Designer, Loomis. Figma.",
        "I tested a Figma prototype with five customers; three disliked it, so I redesigned the first screen.",
        [],
    ),
    (
        "response times were about four seconds and i got it under one by adding a cache",
        "Backend Engineer, Redis, Go",
        "I cut response times from about four seconds to under one second by adding a Redis cache.",
        [],
    ),
    (
        "response times were about four seconds and i got it under one by adding a cache",
        "Backend Engineer, Go",
        "I cut response times from about 4 seconds to 200 milliseconds by adding a Memcached layer.",
        ["200", "Memcached"],
    ),
    (
        "the council gave us fifteen hundred quid and we turned it into a garden with about thirty volunteers",
        "Community Organiser",
        "With £1,500 from the council, I led about 30 volunteers to build a community garden.",
        [],
    ),
    (
        "the council gave us fifteen hundred quid and we turned it into a garden with about thirty volunteers",
        "Community Organiser",
        "With $15,000 from Hackney Council, I led about 30 volunteers to build a community garden.",
        ["$15,000", "Hackney"],
    ),
    (
        "i noticed returns were twice what they should be so i looked at the photos on the site",
        "E-commerce Assistant, Thistle & Wool. Shopify.",
        "At Thistle & Wool, I noticed returns were double the expected rate and reviewed the product photos in Shopify.",
        [],
    ),
    (
        "it was the biggest festival we'd done forty thousand people over three days and the generator went at ten pm on the friday",
        "Event Technician",
        "At a 40,000-person, three-day festival, the generator failed at 10 p.m. on Friday.",
        [],
    ),
    (
        "it was the biggest festival we'd done and the generator went at ten pm on the friday",
        "Event Technician",
        "At Glastonbury, the generator failed at 10 p.m. on Saturday, affecting 40,000 people.",
        ["Glastonbury", "Saturday", "40,000"],
    ),
    (
        "i learned enough portuguese in three months to talk to the suppliers",
        "Buyer",
        "I learned enough Portuguese in three months to negotiate directly with suppliers.",
        [],
    ),
    (
        "i learned enough portuguese to talk to the suppliers",
        "Buyer",
        "I learned enough Spanish in three months to negotiate directly with suppliers.",
        ["Spanish", "three"],
    ),
    (
        "we got our c q c rating up from requires improvement to good",
        "Registered Manager, Hollins House",
        "At Hollins House I led the move from a CQC rating of Requires Improvement to Good.",
        [],
    ),
    (
        "we got our c q c rating up",
        "Registered Manager, Hollins House",
        "At Hollins House I raised our CQC rating to Outstanding within a year.",
        ["Outstanding"],
    ),
    ("there was a bug where one in fifty payments went twice", "Engineer", "A bug was duplicating 2% of payments.", []),
    (
        "he wanted it by the end of the week and it was wednesday already",
        "PA, Lowther & Dean Solicitors",
        "My director at Lowther & Dean wanted it by Friday, and it was already Wednesday.",
        ["Friday"],
    ),
    (
        "i did my a c c a at the same time",
        "Accountant, ACCA",
        "I completed my ACCA qualification at the same time.",
        [],
    ),
    (
        "we hit ninety eight percent on time for the whole of last year",
        "Dispatcher",
        "We achieved 98% on-time delivery throughout last year.",
        [],
    ),
    (
        "i got promoted after that",
        "Cashier, Fenby Stores",
        "Within six months I was promoted to Store Supervisor at Fenby Stores.",
        ["six"],
    ),
    (
        "we moved everything to azure over the easter weekend",
        "Infra Engineer",
        "We migrated everything to Microsoft Azure over the Easter weekend.",
        ["Microsoft"],
    ),
]


@pytest.mark.parametrize(("transcript", "resume", "rewrite", "invented"), CASES)
def test_invented_facts_are_found_and_supported_ones_left_alone(
    transcript: str, resume: str, rewrite: str, invented: list[str]
) -> None:
    found = TruthGuard((transcript, resume)).violations(rewrite)
    assert [v.text for v in found] == invented
    assert all(rewrite[v.start : v.end] == v.text for v in found)


def test_inventions_become_placeholders() -> None:
    safe, found = TruthGuard(("we saved money",)).redact("We saved $5,000, 12% of the cost, with Ann Lee in May 2020.")
    assert safe == "We saved [amount], [X%] of the cost, with [name] in [date]."
    assert len(found) == 4
    assert TruthGuard(("we saved money",)).violations(safe) == []
