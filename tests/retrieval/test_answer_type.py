"""The kind of thing a question asks for, and the texts that hold one."""

from __future__ import annotations

import re

import pytest

from assistant.retrieval.answer_type import ANSWER_KINDS, asked_kind, lacks
from assistant.text import languages

TIMELESS = "The agreement was signed by the minister of trade."
HOLDING = {
    "date": "that was in March",
    "time": "it lasted all summer",
    "amount": "there were several of them",
    "person": "it was signed by Chávez",
}
"""A text for each kind that holds nothing else, but for a date, which is a time too."""
ENGLISH = {
    "date": [
        "Which year?",
        "In what year was it signed?",
        "What exact date is on the treaty?",
        "which day did the ship leave",
        "What month has the most visits?",
        "When exactly was the treaty signed?",
        "WHICH DATES ARE GIVEN?",
    ],
    "time": [
        "When was it signed?",
        "Since when?",
        "Since when has it grown?",
        "How long was it?",
        "How often does the ferry run?",
        "What time does the office close?",
        "And when will the port open?",
        "They left when?!",
        "when must it be paid",
    ],
    "amount": [
        "How much is it?",
        "How many were there?",
        "how old is the pier",
        "How far is it to Caracas?",
        "How high is the tower?",
        "How fast is the train?",
        "What number of ships called?",
        "What percentage is that?",
        "What share does Iran hold?",
        "Of the ships, how many are large?",
    ],
    "person": [
        "Who signed it?",
        "To whom was it sold?",
        "Whose signature is that?",
        "What is the name of the minister?",
        "And who paid?",
    ],
    "": [
        "What happens when the server is gone?",
        "When the server is gone, what then?",
        "What was signed?",
        "Where was it signed?",
        "Why does Iran buy soya?",
        "How does the crane work?",
        "How is it made?",
        "Which countries were visited?",
        "What years of service count?",
        "Is there a whole list?",
        "What did the yearbook say?",
        "Tell me more about the howling",
        "whenever",
        "",
    ],
}


def lacking_kind(question: str) -> str:
    """The kind of text that alone keeps a question from lacking its answer; empty where none is lacking."""
    if not lacks(question, [TIMELESS.lower()]):
        return ""
    return next(kind for kind, text in reversed(HOLDING.items()) if not lacks(question, [text]))


@pytest.mark.parametrize(
    ("kind", "question"), [(kind, question) for kind, questions in ENGLISH.items() for question in questions]
)
def test_an_english_question_asks_for_one_kind_of_thing(kind: str, question: str) -> None:
    assert lacking_kind(question) == kind


@pytest.mark.parametrize(
    "text",
    [
        "no ships came",
        "it is a third",
        "twice",
        "5",
        "a dozen",
        "hundred and more",
        "there are few",
        "one of them",
        "it fell by half",
    ],
)
def test_an_english_amount_is_a_digit_or_a_word(text: str) -> None:
    assert not lacks("How many?", [text])


@pytest.mark.parametrize(
    "text",
    [
        "it was on a Tuesday",
        "late",
        "in the last decades",
        "after the war",
        "second",
        "until now",
        "7",
        "in May",
        "two centuries",
    ],
)
def test_an_english_time_is_a_digit_or_a_word(text: str) -> None:
    assert not lacks("Since when?", [text])


@pytest.mark.parametrize("text", ["at 5 pm", "in spring", "21 of them", "the 1990s", "11999", "nineteen"])
def test_an_english_date_is_a_year_a_month_or_a_weekday(text: str) -> None:
    assert lacks("Which year?", [text])
    assert not lacks("Which year?", [text, "on Friday"])
    assert not lacks("Which year?", [text, "in 1998"])


@pytest.mark.parametrize("text", ["the minister", "Minister", "It is not said who", "the 3rd", "I"])
def test_a_person_is_not_a_single_word_at_the_beginning(text: str) -> None:
    assert lacks("Who?", [text])
    assert not lacks("Who?", [text, "Hugo Chávez", "by him"])
    assert not lacks("Who?", [f"{text} said Chen"])


def test_the_answer_may_be_in_any_of_the_texts() -> None:
    assert lacks("How much is it?", [])
    assert lacks("How much is it?", ["it is dear", "very dear"])
    assert not lacks("How much is it?", ["it is dear", "It costs 5 dollars."])


# -- the other languages -----------------------------------------------------------------------------

# A question for a date, a time, an amount, a person and a place, and one that asks for none of these.
QUESTIONS: dict[str, tuple[str, str, str, str, str, str]] = {
    "es": (
        "¿En qué año se firmó el tratado?",
        "¿Desde cuándo crece el comercio?",
        "¿Cuántos barcos llegaron?",
        "¿Quién firmó el acuerdo?",
        "¿Dónde está la grúa?",
        "¿Qué pasa cuando el servidor cae?",
    ),
    "pt": (
        "Em que ano foi assinado o tratado?",
        "Quando abre o porto?",
        "Quanto custa uma noite?",
        "Quem assinou o acordo?",
        "Onde fica o guindaste?",
        "O que acontece quando o servidor cai?",
    ),
    "fr": (
        "En quelle année le traité a-t-il été signé ?",
        "Quand ouvre le port ?",
        "Combien de navires sont venus ?",
        "Qui a signé l'accord ?",
        "Où est la grue ?",
        "Quel est le pays qui vend le soja ?",
    ),
    "de": (
        "In welchem Jahr wurde der Vertrag unterzeichnet?",
        "Seit wann wächst der Handel?",
        "Wie viele Schiffe kamen?",
        "Wer hat den Vertrag unterzeichnet?",
        "Wo steht der Kran?",
        "Was passiert, wenn der Server ausfällt?",
    ),
    "fa": (
        "این قرارداد در چه سالی امضا شد؟",
        "بندر چه زمانی باز می‌شود؟",
        "چند کشتی آمد؟",
        "چه کسی قرارداد را امضا کرد؟",
        "جرثقیل کجاست؟",
        "چرا ایران سویا می‌خرد؟",
    ),
    "ar": (
        "في أي سنة تم توقيع الاتفاق؟",
        "متى يفتح الميناء؟",
        "كم سفينة وصلت؟",
        "من وقع الاتفاق؟",
        "أين تقع الرافعة؟",
        "ماذا تشتري إيران من بوليفيا؟",
    ),
    "ru": (
        "В каком году подписали договор?",
        "Когда открывается порт?",
        "Сколько стоит ночь?",
        "Кто подписал договор?",
        "Где находится кран?",
        "Что происходит, когда сервер падает?",
    ),
    "zh": (
        "条约是哪一年签署的？",
        "港口什么时候开放？",
        "来了多少艘船？",
        "谁签署了协议？",
        "起重机在哪里？",
        "伊朗为什么购买大豆？",
    ),
    "hi": (
        "संधि किस वर्ष हुई?",
        "बंदरगाह कब खुलता है?",
        "कितने जहाज आए?",
        "समझौते पर किसने हस्ताक्षर किए?",
        "क्रेन कहाँ है?",
        "कौन सा जहाज सबसे बड़ा है?",
    ),
}
# A text without a date, a time or an amount, and texts with a date, a time and an amount in words.
PASSAGES: dict[str, tuple[str, str, str, str]] = {
    "en": (TIMELESS, "It was signed in August.", "That was in the last century.", "There were three ships."),
    "es": (
        "el acuerdo fue firmado por el ministro",
        "se firmó en agosto",
        "fue en el siglo pasado",
        "vinieron tres barcos a la ciudad",
    ),
    "pt": (
        "o acordo foi assinado pelo ministro",
        "foi assinado em março",
        "foi no século passado",
        "vieram três navios para a cidade",
    ),
    "fr": (
        "l'accord est signé par le ministre",
        "il est signé en août",
        "c'était au siècle dernier",
        "trois navires sont venus",
    ),
    "de": (
        "Das Abkommen ist vom Minister unterzeichnet.",
        "Das war im März.",
        "Das war im letzten Jahrhundert.",
        "Es waren drei Schiffe.",
    ),
    "fa": ("وزیر قرارداد را امضا کرد.", "این در ماه مارس بود.", "آن در قرن گذشته بود.", "سه کشتی آمد."),
    "ar": ("وقع الوزير الاتفاق.", "كان ذلك في أغسطس.", "كان ذلك في القرن الماضي.", "وصلت ثلاث سفن."),
    "ru": (
        "Договор подписан министром.",
        "Это было в августе.",
        "Это было в прошлом веке.",
        "Пришли три корабля.",
    ),
    "zh": ("部长签署了协议", "那是在八月", "那是上个世纪的事", "来了三艘船"),
    "hi": ("मंत्री ने समझौता किया।", "यह अगस्त में था।", "यह पिछली सदी में था।", "तीन जहाज आए।"),
}
LANGUAGES = sorted(QUESTIONS)
ENGLISH_ONES = ("In which year?", "Since when?", "How many?", "Who signed it?", "Where?", "Why?")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_asks_for_each_kind(language: str) -> None:
    kinds = [asked_kind(question) for question in QUESTIONS[language]]
    assert kinds == [*((kind, language) for kind in ANSWER_KINDS), (None, language)]


@pytest.mark.parametrize("asking", ["en", *LANGUAGES])
@pytest.mark.parametrize("answering", ["en", *LANGUAGES])
def test_a_text_is_judged_by_the_words_of_its_own_language(asking: str, answering: str) -> None:
    date, time, amount, *_ = QUESTIONS.get(asking, ENGLISH_ONES)
    empty, dated, timed, counted = PASSAGES[answering]
    assert [lacks(question, [empty]) for question in (date, time, amount)] == [True, True, True]
    assert not lacks(date, [empty, dated])
    assert lacks(date, [timed])
    assert not lacks(time, [empty, timed])
    assert not lacks(time, [empty, dated])
    assert not lacks(amount, [empty, counted])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("year", ["1998", "۲۰۰۷", "१९९८", "于2007年"])
def test_digits_of_any_script_count_in_every_language(language: str, year: str) -> None:
    date, time, amount, *_ = QUESTIONS[language]
    assert not any(lacks(question, [year]) for question in (date, time, amount))


def test_any_text_may_name_a_place() -> None:
    assert not any(lacks(questions[ANSWER_KINDS.index("place")], ["x"]) for questions in QUESTIONS.values())


def test_a_name_begins_with_a_capital_of_any_alphabet_that_has_them() -> None:
    for text in ("кто-то подписал", "alguien firmó", "it was signed"):
        assert lacks("¿Quién lo firmó?", [text])
    for text in (
        "подписал Чавес",
        "lo firmó Álvaro",
        "signed by Ömer",
        "وقعه تشافيز",
        "查韦斯签署",
        "चावेज ने",
    ):
        assert not lacks("¿Quién lo firmó?", [text])


@pytest.mark.parametrize("code", languages.CODES)
def test_the_patterns_of_a_language_can_be_folded(code: str) -> None:
    table = languages.table(code, "answer_type")
    for kind in ANSWER_KINDS:
        patterns = table[f"asks_{kind}"]
        assert patterns
        assert not any(re.search(r"\\[A-Z]", pattern) for pattern in patterns)
