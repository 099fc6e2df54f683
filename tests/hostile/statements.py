"""Statements over a few texts: false ones by kind, and true ones in other words. Written before the check was.

Each false statement is fluent, on the topic, and wrong in one way that a model has. Each true one says no more
than its quote, as a person who has read it would say it.
"""

from __future__ import annotations

from dataclasses import dataclass

LUND = (
    "Maria Lund was appointed chief executive of Norsk Vind in May 2018, after eleven years as its head of "
    "finance."
)
TURBINES = (
    "The company delivered 41 turbines to Norway in March 2019, and plans to deliver 60 more to Denmark."
)
SCHOOL = "The council may close some of the village schools if fewer than 40 pupils enrol by September."
STUDY = (
    "The study of 1,200 patients suggests that the drug lowers blood pressure, but the authors found no effect "
    "on weight."
)
FIRE = "A fire broke out in the warehouse on Tuesday night; nobody was hurt, and its cause is not known."
MINE = "Zambia buys copper ore from Congo and sells refined copper to China."
REPORT = "According to the union, the factory underpaid about a third of its workers between 2015 and 2017."
RENT = "Tenants who pay before the fifth of the month receive a discount of two percent."
BRIDGE = (
    "The bridge, built in 1894 by Anna Holm, is the second longest in the province and carries only trains."
)
LAKE = "Lake Orin is deeper than Lake Sel, but it holds less water."
TRIAL = "The prosecutor accused the mayor of taking bribes; the court acquitted her in 2021."
VACCINE = "The vaccine is stored at two to eight degrees and must be used within six hours of opening."
BAKERY = "The bakery sells bread every day except Monday, and cakes on weekends."
MERGER = "The merger of Alfa and Beta was announced in June, but regulators blocked it in October."
BIRDS = "Most of the storks leave the delta in August and return from Africa in April."
FERRY = (
    "The ferry Aurora, which entered service on 3 March 2021, carries 250 passengers and 40 cars between Moss and "
    "Horten. She replaced the Stella, which carried 120 passengers and was scrapped in 2022."
)
BUDGET = (
    "The parliament of Estonia approved a budget of 1.5 million euros for the museum on 12 June 2020. A quarter of "
    "it goes to repairs, and the director, Liis Tamm, asked for another 300,000 euros."
)
FARM = (
    "Olav Dahl bought the farm from his uncle in 1998 and sold half of the land to the village in 2004. His daughter "
    "Kari runs it today with twelve employees."
)
PROBE = (
    "The probe Helia was launched by the Indian agency in August 2016. It reached the comet after six years, took "
    "4,000 photographs and sent them to the station in Perth."
)
CLUB = (
    "Rosenborg defeated Brann by three goals to one on Sunday. Coach Erik Moe praised the goalkeeper, who saved two "
    "penalties."
)
ROW = "Bergen | 41 ships | fish and oil"
ROWS = "Bergen | 41 ships | fish and oil\nOslo | 37 ships | timber"
COLUMNS = "Ports of Norway\nCity | Traffic | Main goods"


@dataclass(frozen=True)
class Statement:
    """A sentence, the quote that it is given for, and the kind of its fault; "true" where it has none."""

    kind: str
    sentence: str
    quote: str
    context: str = ""


def _of(kind: str, *pairs: tuple[str, str] | tuple[str, str, str]) -> list[Statement]:
    return [Statement(kind, *pair) for pair in pairs]


FALSE = [
    *_of(
        "an attribute added",
        ("The chief executive of Norsk Vind is the convicted fraudster Maria Lund.", LUND),
        ("The drug lowers blood pressure in elderly patients.", STUDY),
        ("The crumbling bridge carries only trains.", BRIDGE),
        ("A suspicious fire broke out in the warehouse on Tuesday night.", FIRE),
        ("The notoriously corrupt mayor was acquitted in 2021.", TRIAL),
        ("The bakery sells organic bread every day except Monday.", BAKERY),
    ),
    *_of(
        "a clause added",
        ("It delivered 41 turbines to Norway in March 2019, which exploded shortly after delivery and killed "
         "workers.", TURBINES),
        ("The bridge was built in 1894 by Anna Holm, who died during its construction.", BRIDGE),
        ("Maria Lund was appointed chief executive in May 2018, and she has since resigned.", LUND),
        ("The storks leave the delta in August because of the noise of tourists.", BIRDS),
        ("Regulators blocked the merger in October after complaints from customers.", MERGER),
        ("Nobody was hurt in the fire, although the sprinklers failed.", FIRE),
    ),
    *_of(
        "another predicate",
        ("Maria Lund was dismissed as chief executive of Norsk Vind in May 2018.", LUND),
        ("The company cancelled 41 turbines for Norway in March 2019.", TURBINES),
        ("The court convicted the mayor in 2021.", TRIAL),
        ("The court sentenced the mayor in 2021.", TRIAL),
        ("Zambia burns copper ore from Congo.", MINE),
        ("The factory dismissed about a third of its workers between 2015 and 2017.", REPORT),
        ("The bridge, destroyed in 1894 by Anna Holm, carries only trains.", BRIDGE),
        ("The vaccine is tested at two to eight degrees.", VACCINE),
    ),
    *_of(
        "roles exchanged",
        ("Congo buys copper ore from Zambia.", MINE),
        ("China sells refined copper to Zambia.", MINE),
        ("The mayor accused the prosecutor of taking bribes.", TRIAL),
        ("Lake Sel is deeper than Lake Orin.", LAKE),
        ("Denmark delivered 41 turbines to the company in March 2019.", TURBINES),
        ("Congo sells refined copper to China.", MINE),
    ),
    *_of(
        "a hedge lost",
        ("The council will close some of the village schools.", SCHOOL),
        ("The council closes some of the village schools.", SCHOOL),
        ("The company delivered 60 more turbines to Denmark.", TURBINES),
        ("The study proves that the drug lowers blood pressure.", STUDY),
        ("The factory underpaid about a third of its workers between 2015 and 2017, it is proven.", REPORT),
        ("The mayor took bribes.", TRIAL),
    ),
    *_of(
        "a quantifier changed",
        ("The council may close all of the village schools if fewer than 40 pupils enrol by September.", SCHOOL),
        ("All of the storks leave the delta in August.", BIRDS),
        ("A few of the storks leave the delta in August.", BIRDS),
        ("The factory underpaid all of its workers between 2015 and 2017.", REPORT),
        ("None of the storks return from Africa in April.", BIRDS),
        ("The bakery sells bread only on Monday.", BAKERY),
        ("The bridge carries all kinds of vehicles.", BRIDGE),
    ),
    *_of(
        "a negation",
        ("The bridge does not carry trains.", BRIDGE),
        ("Someone was hurt in the fire, and its cause is known.", FIRE),
        ("The cause of the fire is known.", FIRE),
        ("The authors found an effect on weight.", STUDY),
        ("The merger of Alfa and Beta was not blocked.", MERGER),
        ("The drug does not lower blood pressure.", STUDY),
    ),
    *_of(
        "an opposite",
        ("The drug raises blood pressure.", STUDY),
        ("Lake Orin is shallower than Lake Sel.", LAKE),
        ("Lake Orin holds more water than Lake Sel.", LAKE),
        ("Regulators allowed the merger in October.", MERGER),
        ("The storks enter the delta in August.", BIRDS),
        ("Tenants who pay after the fifth of the month receive a discount of two percent.", RENT),
        ("The bridge is the second shortest in the province.", BRIDGE),
    ),
    *_of(
        "a condition lost or changed",
        ("All tenants receive a discount of two percent.", RENT),
        ("The council may close some of the village schools if more than 40 pupils enrol.", SCHOOL),
        ("Tenants who pay before the fifth of the month receive a discount of two percent unless they smoke.", RENT),
    ),
    *_of(
        "a cause made up",
        ("The fire was caused by a cable.", FIRE),
        ("The merger was blocked due to price rises.", MERGER),
        ("The drug lowers blood pressure by widening the arteries.", STUDY),
        ("Maria Lund was appointed chief executive thanks to her family.", LUND),
    ),
    *_of(
        "a comparison or rank changed",
        ("The bridge is the longest in the province.", BRIDGE),
        ("The bridge is the second oldest in the province.", BRIDGE),
        ("Lake Orin is the deepest lake.", LAKE),
        ("The turbines are larger than those for Denmark.", TURBINES),
    ),
    *_of(
        "a figure, a unit or a date changed",
        ("The company delivered 60 turbines to Norway in March 2019.", TURBINES),
        ("Tenants receive a discount of two euros.", RENT),
        ("The vaccine must be used within six days of opening.", VACCINE),
        ("Maria Lund was appointed in May 2019.", LUND),
        ("The study of 1,200 doctors suggests that the drug lowers blood pressure.", STUDY),
    ),
    *_of(
        "a name changed or added",
        ("Maria Lund was appointed chief executive of Alfa Vind in May 2018.", LUND),
        ("The bridge was built in 1894 by Anna Berg.", BRIDGE),
        ("Zambia sells refined copper to Japan.", MINE),
    ),
    *_of(
        "a part taken for the whole",
        ("The authors found no effect of the drug.", STUDY),
        ("Maria Lund has eleven years of experience as chief executive.", LUND),
        ("The bakery sells cakes every day except Monday.", BAKERY),
        ("Bread and cakes are sold on Monday.", BAKERY),
    ),
    *_of(
        "another row",
        ("Bergen has 37 ships.", ROWS, COLUMNS),
        ("The main goods of Oslo are fish and oil.", ROWS, COLUMNS),
        ("Timber is the main goods of Bergen.", ROWS, COLUMNS),
        ("Bergen has the most ships of Norway.", ROW, COLUMNS),
        ("The traffic of Bergen is 41 trains.", ROW, COLUMNS),
    ),
    *_of(
        "facts recombined",
        ("The Stella carries 250 passengers.", FERRY),
        ("The Aurora was scrapped in 2022.", FERRY),
        ("The Stella entered service on 3 March 2021.", FERRY),
        ("The ferry Aurora carries 120 passengers.", FERRY),
        ("The Aurora carries 250 cars.", FERRY),
        ("The parliament of Estonia approved 300,000 euros for the museum.", BUDGET),
        ("Liis Tamm approved a budget of 1.5 million euros.", BUDGET),
        ("Half of the budget goes to repairs.", BUDGET),
        ("Olav Dahl bought the farm in 2004.", FARM),
        ("Kari bought the farm from her uncle in 1998.", FARM),
        ("Olav Dahl sold half of the land in 1998.", FARM),
        ("Kari sold half of the land to the village.", FARM),
        ("The probe reached the comet in August 2016.", PROBE),
        ("Helia took 4,000 photographs of the station in Perth.", PROBE),
        ("The goalkeeper scored two penalties.", CLUB),
        ("Coach Erik Moe saved two penalties.", CLUB),
    ),
    *_of(
        "roles exchanged again",
        ("Brann defeated Rosenborg by three goals to one on Sunday.", CLUB),
        ("The goalkeeper praised coach Erik Moe.", CLUB),
        ("Rosenborg was defeated by Brann on Sunday.", CLUB),
        ("The Aurora was replaced by the Stella.", FERRY),
        ("The Stella replaced the Aurora.", FERRY),
        ("Olav Dahl sold the farm to his uncle.", FARM),
        ("His uncle bought the farm from Olav Dahl in 1998.", FARM),
        ("The village sold half of the land to Olav Dahl in 2004.", FARM),
        ("The museum approved a budget for the parliament of Estonia.", BUDGET),
        ("The station in Perth sent 4,000 photographs to the probe.", PROBE),
        ("The Indian agency was launched by the probe Helia in August 2016.", PROBE),
    ),
    *_of(
        "somebody else's words",
        ("According to the ministry, the factory underpaid about a third of its workers.", REPORT),
        ("The factory admitted that it underpaid about a third of its workers.", REPORT),
        ("The police confirmed that the cause of the fire is not known.", FIRE),
    ),
]  # fmt: skip

TRUE = _of(
    "true",
    ("In May 2018 Maria Lund became chief executive of Norsk Vind.", LUND),
    ("Norsk Vind appointed Maria Lund as its chief executive in May 2018.", LUND),
    ("Maria Lund had been head of finance for eleven years.", LUND),
    ("Before she was appointed chief executive, Lund was the head of finance of Norsk Vind.", LUND),
    ("Lund worked as head of finance for 11 years.", LUND),
    ("Maria Lund, formerly head of finance, was named chief executive in May 2018.", LUND),
    ("Norway received 41 turbines from the company in March 2019.", TURBINES),
    ("41 turbines were delivered to Norway in March 2019.", TURBINES),
    ("The company plans to deliver another 60 turbines to Denmark.", TURBINES),
    ("In March 2019, the firm delivered 41 turbines to Norway.", TURBINES),
    ("It intends to deliver 60 more to Denmark.", TURBINES),
    ("Some of the village schools may be closed if fewer than 40 pupils enrol by September.", SCHOOL),
    ("If fewer than 40 students enrol by September, the council may close some village schools.", SCHOOL),
    ("The council might shut some of the village schools.", SCHOOL),
    ("Some village schools could be closed by the council.", SCHOOL),
    ("According to the study, the drug seems to lower blood pressure.", STUDY),
    ("The authors found no effect on weight.", STUDY),
    ("The study included 1,200 patients.", STUDY),
    ("The study suggests that the drug reduces blood pressure.", STUDY),
    ("The drug had no effect on the weight of patients, the authors found.", STUDY),
    ("Nobody was injured in the fire.", FIRE),
    ("The warehouse caught fire on Tuesday night.", FIRE),
    ("The cause of the fire is unknown.", FIRE),
    ("On Tuesday night there was a fire in the warehouse.", FIRE),
    ("No one was hurt in the warehouse fire.", FIRE),
    ("Zambia buys ore from Congo.", MINE),
    ("Copper ore from Congo is bought by Zambia.", MINE),
    ("Zambia sells China refined copper.", MINE),
    ("China is sold refined copper by Zambia.", MINE),
    ("Zambia purchases copper ore from Congo.", MINE),
    ("The union says that about a third of the workers of the factory were underpaid from 2015 to 2017.", REPORT),
    ("Between 2015 and 2017, about one third of the factory's workers were underpaid, according to the union.",
     REPORT),
    ("According to the union, the factory paid roughly a third of its employees too little between 2015 and 2017.",
     REPORT),
    ("A discount of 2% is given to tenants who pay before the fifth of the month.", RENT),
    ("Tenants get a two percent discount if they pay before the fifth of the month.", RENT),
    ("If tenants pay before the 5th of the month, they receive a discount of two percent.", RENT),
    ("The bridge was built in 1894.", BRIDGE),
    ("Anna Holm built the bridge in 1894.", BRIDGE),
    ("Only trains use the bridge.", BRIDGE),
    ("It is the second-longest bridge in the province.", BRIDGE),
    ("The bridge was constructed by Anna Holm in 1894.", BRIDGE),
    ("Lake Orin is deeper than Lake Sel.", LAKE),
    ("Lake Orin holds less water than Lake Sel.", LAKE),
    ("Although it is deeper, Lake Orin holds less water than Lake Sel.", LAKE),
    ("The mayor was acquitted by the court in 2021.", TRIAL),
    ("The mayor was accused of taking bribes, but the court acquitted her.", TRIAL),
    ("In 2021 the court acquitted the mayor.", TRIAL),
    ("The prosecutor accused the mayor of bribery.", TRIAL),
    ("The vaccine must be used within six hours after it is opened.", VACCINE),
    ("The vaccine is kept at two to eight degrees.", VACCINE),
    ("After opening, the vaccine must be used within 6 hours.", VACCINE),
    ("Store the vaccine at 2 to 8 degrees.", VACCINE),
    ("The bakery does not sell bread on Monday.", BAKERY),
    ("Bread is sold every day except Monday.", BAKERY),
    ("Cakes are sold on weekends.", BAKERY),
    ("On weekends, the bakery also sells cakes.", BAKERY),
    ("Regulators blocked the merger of Alfa and Beta in October.", MERGER),
    ("The merger of Alfa and Beta was stopped by regulators in October.", MERGER),
    ("The merger was announced in June and blocked in October.", MERGER),
    ("Alfa and Beta announced their merger in June.", MERGER),
    ("Most storks leave the delta in August.", BIRDS),
    ("In April the storks come back from Africa.", BIRDS),
    ("The majority of the storks leave the delta in August.", BIRDS),
    ("The storks return in April.", BIRDS),
    ("Bergen has a traffic of 41 ships.", ROW, COLUMNS),
    ("The main goods of Bergen are fish and oil.", ROWS, COLUMNS),
    ("Oslo's traffic is 37 ships.", ROWS, COLUMNS),
    ("In Oslo, the main goods are timber.", ROWS, COLUMNS),
    ("The Aurora entered service on March 3, 2021.", FERRY),
    ("On 2021-03-03 the ferry Aurora entered service.", FERRY),
    ("The ferry Aurora has carried passengers and cars between Moss and Horten since 3 March 2021.", FERRY),
    ("Between Moss and Horten, the Aurora carries two hundred and fifty passengers.", FERRY),
    ("The Stella was replaced by the Aurora.", FERRY),
    ("The Stella, which was scrapped in 2022, carried 120 passengers.", FERRY),
    ("The Aurora replaced the Stella.", FERRY),
    ("The ship transports forty cars and 250 passengers.", FERRY),
    ("A budget of 1.5 million euros for the museum was approved by the parliament of Estonia.", BUDGET),
    ("The Estonian parliament approved €1,500,000 for the museum in June 2020.", BUDGET),
    ("On June 12th, 2020, the parliament of Estonia approved the museum's budget of 1.5 million euros.", BUDGET),
    ("25 percent of the budget goes to repairs.", BUDGET),
    ("Director Liis Tamm asked for three hundred thousand euros more.", BUDGET),
    ("The museum's director requested another 300,000 euros.", BUDGET),
    ("In 1998, Olav Dahl purchased the farm from his uncle.", FARM),
    ("The farm was bought by Olav Dahl in 1998.", FARM),
    ("In 2004 he sold half the land to the village.", FARM),
    ("Kari, the daughter of Olav Dahl, runs the farm today.", FARM),
    ("The farm has 12 employees.", FARM),
    ("Today the farm is run by Kari with twelve workers.", FARM),
    ("India's agency launched the probe Helia in August 2016.", PROBE),
    ("Helia reached the comet six years later.", PROBE),
    ("After six years the probe arrived at the comet.", PROBE),
    ("The probe took four thousand pictures.", PROBE),
    ("The photographs were sent to the station in Perth.", PROBE),
    ("On Sunday, Brann lost to Rosenborg by one goal to three.", CLUB),
    ("Rosenborg beat Brann 3 to 1.", CLUB),
    ("Brann was defeated by Rosenborg on Sunday.", CLUB),
    ("The goalkeeper was praised by coach Erik Moe.", CLUB),
    ("The goalkeeper saved 2 penalties.", CLUB),
    ("Coach Moe praised the goalkeeper for saving two penalties.", CLUB),
)  # fmt: skip
