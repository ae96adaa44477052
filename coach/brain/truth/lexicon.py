"""Word lists of the truth guard: what looks like a name and is none, what is one anywhere, spoken forms."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon mondays", "tuesday tue tues tuesdays", "wednesday wed wednesdays",
            "thursday thu thur thurs thursdays",
            "friday fri fridays", "saturday sat saturdays", "sunday sun sundays",
        ),
    )
    for name in names.split()
}  # fmt: skip
SEASONS = {"spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn", "winter": "winter"}
CALENDAR = frozenset(MONTHS) | frozenset(WEEKDAYS) | frozenset(("q1", "q2", "q3", "q4", "h1", "h2", "am", "pm"))

STARTERS = _words(
    """
    a about above across after afterwards again against ahead all almost along already also although always amid
    among an and another any anyone anything approximately are around as aside at away back based be because
    been before behind being below beside besides between beyond both but by can clearly could current currently
    customer customers complaints daily despite did do does don't down due during each earlier early eight
    eleven either eventually every everyone everything except fewer fifteen fifty finally first five following
    for forty four fourteen from further generally given had half having he hence her here his hourly how
    however hundred i if immediately in indeed initially inside instead into is it its just key last late later
    latest less like management many maybe meanwhile midway more morale most much my near nearly neither never
    next nine no nobody none nonetheless nor not nothing now of off often on once one only onto or orders other
    others otherwise our out outside over overall part people per perhaps plus previously prior profits
    productivity quality quickly rather ready recently regarding result results revenue roughly sales same
    second seven several shortly since six sixty some someone something soon staff still stock such suddenly ten
    than thanks that the their them then there thereafter therefore these they thirty this those though three
    through throughout thus till to today together tomorrow too toward towards turnover twelve twenty two twice
    ultimately under unfortunately unless unlike until up upon us usually very via was waste we weekly well were
    what whatever when whenever where whereas wherever whether which while who whoever whole whom whose why wide
    will with within without would yearly yes yesterday yet you your action actions achieve answer background
    challenge context goal impact lesson objective outcome problem role situation solution star step summary
    task team teams time
    """
)
COMMON_CAPITALS = _words(
    """
    i ok okay star kpi kpis roi ceo cto cfo coo cmo cio vp svp hr it qa ux ui pr r&d faq faqs sla slas sop sops
    eta b2b b2c api apis q&a id ids pc pcs tv pdf pdfs usb wifi wi-fi internet web cv cvs gp gps gmt utc ai ml
    nps csat okr okrs p&l mvp uk us usa eu god english url urls app apps saas crm erp pos hq ad am pm x n y z
    tbd tba asap diy vat gdp dvd cd ppe mr mrs ms dr prof sir madam situation task action result grade level
    year class room phase stage tier part week day plan option unit key item number no
    """
)
ROLE_WORDS = _words(
    """
    nurse chef cashier barista driver waiter carer lecturer librarian caretaker bookkeeper accountant
    electrician mechanic pharmacist paramedic technologist buyer curator archivist editor journalist
    photographer porter picker packer cleaner account administrator advisor agent analyst apprentice architect
    assistant associate board captain chair chief clerk client coach committee consultant coordinator council
    counsel customer data department deputy designer developer director division engineer engineering executive
    finance foreman general head human intern junior lead leader legal logistics manager managing marketing
    mentor office officer operations operator owner partner people planner president principal procurement
    producer product professor programme program project quality receptionist representative resources sales
    scientist scrum secretary senior service services specialist staff success supervisor support tax teacher
    team technical technician technology trainee trainer treasurer tutor vice warehouse accounts branch business
    care communications community compliance content design desk development digital events facilities floor
    front global health hse information kitchen maintenance manufacturing media member national payroll planning
    policy production purchasing region regional research safety security shift site social software store
    strategy systems training ward works
    """
)
LEGAL_FORMS = _words("ltd limited inc llc llp plc gmbh ag sa co company corp corporation group the and of for")

GIVEN_NAMES = _words(
    """
    aaron adam adrian ahmed aisha alan albert alex alexander alexandra alice alicia amanda amara amelia amir amy
    ana andrea andrew angela anita ann anna anne anthony antonio arjun arthur ashley ben benjamin beth brian
    bruce carl carla carlos carmen caroline catherine cathy charles charlotte chen chloe chris christian
    christina christine christopher claire clara colin craig daniel daniela dave david deborah deepak denise
    derek diana diane diego dmitri donald donna dorothy duncan edward elena elizabeth ella ellen emily emma eric
    erin ethan eva evelyn fatima felix fiona frances francesca francis frank gareth gary gemma george georgia
    gerald gordon graham greg gregory hamza hannah harold harriet harry hassan heather helen helena henry hugh
    ian ibrahim imran ines irene isaac isabel isabella ivan jack jackie jacob jake james jamie jane janet
    jasmine jason javier jean jeff jeffrey jennifer jenny jeremy jessica jim joan joanna joe joel john jonathan
    jordan jorge jose joseph josh joshua juan judith julia julian julie karen karim karl kate katherine kathleen
    katie keith kelly ken kenneth kevin kim kumar kyle laura lauren lee leila leo leon leonard lewis liam linda
    lisa liz louis louise lucas lucy luis luke lydia maeve malcolm marco marcus margaret maria marie marina
    mario martha martin mary mateo matt matthew megan mei melissa michael michelle miguel mike mohammed monica
    nadia naomi natalie natasha nathan neil nicholas nick nicola nicole nigel nina noah nora olga oliver olivia
    omar oscar owen pablo pamela patricia patrick paul paula pedro peter philip phoebe priya rachel rahul raj
    ravi raymond rebecca richard rita robert roberto robin roger ronald rosa rosie ross roy ruth ryan sally sam
    samantha samir samuel sandra sanjay sara sarah scott sean sebastian shannon sharon simon sofia sonia sophia
    sophie stefan stella stephanie stephen steve steven stuart sue susan suzanne tanya tara teresa thomas tim
    timothy tina toby todd tom tomas tony tracy valerie vanessa veronica victor victoria vikram vincent walter
    wendy wei william xavier yasmin yuki yusuf zara zoe
    """
)
KNOWN_NAMES = _words(
    """
    accenture adobe airbnb airtable alibaba aldi amazon apple asana atlassian azure barclays basecamp bbc boeing
    bosch canva cisco clickup cloudflare confluence costco coursera deloitte dell disney docusign dropbox ebay
    ericsson etsy excel facebook fedex figma fujitsu google grammarly hootsuite hubspot ibm ikea infosys
    instagram intel intercom intuit jenkins jira kayak kpmg lenovo linkedin lloyds looker lyft mailchimp
    mckinsey microsoft miro mongodb nasa netflix netsuite nhs nike nokia notion nvidia oracle outlook pagerduty
    paypal pepsi philips pinterest powerpoint pwc quickbooks reddit renault sage salesforce samsung sap
    servicenow shopify siemens skype slack snapchat snowflake sony splunk spotify starbucks stripe tableau
    tableaus tesco tesla tiktok toyota trello twilio twitter uber unilever verizon visio vodafone volvo walmart
    wayfair whatsapp wikipedia wordpress workday xero yahoo youtube zapier zendesk zoho zoom
    """
)
ALIASES: dict[str, tuple[str, ...]] = {
    "kubernetes": ("k8s", "k8", "kates"),
    "javascript": ("js", "java script"),
    "typescript": ("ts", "type script"),
    "postgresql": ("postgres", "postgre"),
    "postgres": ("postgresql",),
    "sql": ("sequel", "my sql"),
    "mysql": ("my sequel", "my sql"),
    "golang": ("go",),
    "aws": ("amazon web services",),
    "amazon web services": ("aws",),
    "google cloud": ("gcp",),
    "gcp": ("google cloud",),
    "microsoft excel": ("excel",),
    "ms excel": ("excel",),
    "microsoft word": ("word",),
    "microsoft outlook": ("outlook",),
    "microsoft teams": ("teams",),
    "microsoft powerpoint": ("powerpoint", "power point"),
    "google sheets": ("google sheet",),
    "photoshop": ("photo shop",),
    "adobe photoshop": ("photoshop",),
    "c#": ("c sharp",),
    "c++": ("c plus plus", "cpp"),
    "node.js": ("node",),
    "node js": ("node",),
    "ci/cd": ("ci cd", "continuous integration"),
    "ci cd": ("cicd", "continuous integration"),
    "a/b": ("ab test", "split test"),
    "covid": ("corona", "pandemic"),
    "covid-19": ("covid", "corona", "pandemic"),
    "covid 19": ("covid", "corona", "pandemic"),
    "christmas": ("xmas",),
    "linkedin": ("linked in",),
    "united states": ("us", "america"),
    "united kingdom": ("uk", "britain"),
    "london underground": ("tube",),
}
