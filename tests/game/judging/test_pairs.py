"""Answers and guesses as people write them, in some thirty languages: which are the same, and which are not."""

from __future__ import annotations

import pytest

from huntserver.game.judging.answer import Answer
from huntserver.game.judging.judge import TextJudge

SAME = [
    ("Zażółć gęślą jaźń", "zazolc gesla jazn"), ("Kraków", "KRAKOW"), ("Příliš žluťoučký", "prilis zlutoucky"),
    ("Őrült", "orult"), ("Ľubľana", "lublana"), ("łódka", "lodka"), ("Łódź", "Łodz"),
    ("Gżegżółka", "gzegzolka"), ("Dvořák", "Dvorak"), ("Müller", "Mueller"), ("Mueller", "Müller"),
    ("Straße", "Strasse"), ("Strasse", "Straße"), ("Goethe", "Göthe"), ("Größe", "Groesse"),
    ("Größe", "grosse"), ("schön", "schon"), ("Bahnhof", "der Bahnhof"), ("Der Bahnhof", "Bahnhof"),
    ("Rotkäppchen", "Rotkaeppchen"), ("Rotkäppchen", "Rot-Käppchen"), ("Rotkäppchen", "Rot Käppchen"),
    ("L'Été", "lete"), ("l’été", "L'ETE"), ("œuf", "oeuf"), ("cœur", "coeur"), ("Ça va", "ca va"),
    ("aujourd'hui", "aujourdhui"), ("Noël", "Noel"), ("garçon", "garcon"), ("maître", "maitre"),
    ("naïve", "naive"), ("Jeanne d'Arc", "jeanne darc"), ("Jeanne d'Arc", "jeanne d arc"),
    ("El Niño", "el nino"), ("¿Qué?", "que"), ("pingüino", "pinguino"), ("São Paulo", "Sao Paulo"),
    ("coração", "coracao"), ("città", "citta"), ("citta'", "città"), ("l'aquila", "aquila"),
    ("col·lecció", "colleccio"), ("paral·lel", "parallel"), ("Țară", "tara"), ("Ţară", "Țară"),
    ("București", "Bucuresti"), ("mañana", "manana"), ("año", "ano"), ("Ærø", "aeroe"), ("Ærø", "aero"),
    ("Øresund", "Oresund"), ("Øresund", "Oeresund"), ("Århus", "Aarhus"), ("Århus", "Arhus"), ("Þór", "Thor"),
    ("Þingvellir", "thingvellir"), ("Eyjafjallajökull", "eyjafjallajokull"), ("smörgåsbord", "smorgasbord"),
    ("Reykjavík", "reykjavik"), ("Ísafjörður", "isafjordur"), ("Gøteborg", "Göteborg"),
    ("İstanbul", "istanbul"), ("İSTANBUL", "ıstanbul"), ("IĞDIR", "ığdır"), ("IĞDIR", "igdir"),
    ("ışık", "isik"), ("çiğ köfte", "cig kofte"), ("Əli", "eli"), ("Diyarbakır", "DIYARBAKIR"), ("Phở", "pho"),
    ("Hồ Chí Minh", "ho chi minh"), ("Đà Nẵng", "da nang"), ("Đà Nẵng", "Da Nang"), ("Αθήνα", "ΑΘΗΝΑ"),
    ("Αθήνα", "αθηνα"), ("Οδυσσεύς", "ΟΔΥΣΣΕΥΣ"), ("Οδυσσεύς", "οδυσσευσ"), ("μάθημα", "μαθημα"),
    ("Москва", "москва"), ("ёлка", "елка"), ("Ёлка", "ЕЛКА"), ("М'ята", "мята"), ("М’ята", "м'ята"),
    ("София", "СОФИЯ"), ("שָׁלוֹם", "שלום"), ("ירושלים", "ירושלים\u200e"), ("צה\"ל", "צה״ל"), ("צה\"ל", "צהל"),
    ("ג'ירפה", "ג׳ירפה"), ("مُحَمَّد", "محمد"), ("القاهرة", "القاهره"), ("أحمد", "احمد"), ("إسلام", "اسلام"),
    ("آدم", "ادم"), ("كتاب", "کتاب"), ("مكتبة", "مکتبه"), ("ی", "ي"), ("علي", "علی"), ("على", "علي"),
    ("می\u200cخواهم", "میخواهم"), ("می\u200cخواهم", "می خواهم"), ("كتـــاب", "كتاب"), ("٣٥", "35"),
    ("۳۵", "35"), ("٣٫٥", "3.5"), ("दिल्ली", "दिल्ली"), ("ढाका", "ढाका "), ("५", "5"),
    ("เชียงใหม่", "เชียงใหม่"), ("เเมว", "แมว"), ("๑๒", "12"), ("தமிழ்", "தமிழ்"), ("বাংলা", "বাংলা"),
    ("ﾄｳｷｮｳ", "トウキョウ"), ("トウキョウ", "とうきょう"), ("コーヒー", "コ-ヒ-"), ("ﾊﾟﾝ", "パン"),
    ("１２３", "123"), ("ＡＢＣ", "abc"),
    ("한국", "한국"), ("서울", "서 울"), ("ペンギン", "ペンギン。"), ("「さくら」", "さくら"), ("は゛", "ば"),
    ("1000", "1,000"),
    ("1000", "1.000"), ("1,5", "1.5"), ("1.5", "1,5"), ("−5", "-5"), ("-5", "minus 5"), ("-5", "minus five"),
    ("42", "forty-two"), ("42", "forty two"), ("42", "zweiundvierzig"), ("42", "quarante-deux"),
    ("42", "cuarenta y dos"), ("42", "42."), ("42", "42 "), ("42", "４２"), ("42", "4 2"), ("XIV", "xiv"),
    ("1º", "1o"), ("2nd", "2ND"), ("50%", "50 %"), ("50%", "50 percent"), ("50", "50%"), ("1/2", "½"),
    ("½", "1/2"), ("1½", "1 1/2"), ("3.14", "3,14"), ("10^3", "10³"), ("H2O", "H₂O"), ("H₂O", "h2o"),
    ("m²", "m2"), ("x²", "x2"), ("12:30", "12.30"), ("2-1", "2:1"), ("2-1", "21"), ("7", "seven"),
    ("7", "sieben"), ("7", "七"), ("seven", "7"), ("0", "zero"), ("1000000", "1 000 000"), ("12", "a dozen"),
    ("12", "dozen"), ("dozen", "12"), ("24", "two dozen"), ("C++", "c++"), ("C#", "C♯"), ("AT&T", "AT and T"),
    ("AT&T", "ATT"), ("Tom & Jerry", "Tom and Jerry"), ("Tom & Jerry", "Tom und Jerry"),
    ("Tom and Jerry", "Tom & Jerry"), ("rock'n'roll", "rock n roll"), ("O'Brien", "OBrien"),
    ("O’Brien", "O'Brien"), ("T-Rex", "T Rex"), ("T-Rex", "trex"), (".NET", ".net"), (".NET", "net"),
    ("Yahoo!", "yahoo"), ("e-mail", "email"), ("@home", "home"), ("#1", "1"), ("No. 1", "no 1"),
    ("S.O.S.", "SOS"), ("U.S.A.", "USA"), ("a=b", "a = b"), ("€5", "5"), ("€5", "5€"), ("$5", "£5"),
    ("apple", "ap\u200bple"), ("apple", "\u202eapple\u202c"), ("apple", "\ufeffapple"), ("apple", "ａｐｐｌｅ"),
    ("apple", "𝐚𝐩𝐩𝐥𝐞"), ("apple", "ⓐⓟⓟⓛⓔ"), ("apple", "a\u00adpple"), ("apple", "apple\u00a0"),
    ("apple", "\tapple\n"), ("apple", "app le"), ("apple", "an apple"), ("apple", "the apple"),
    ("apple", "apple 🍎"), ("❤\ufe0f", "❤"), ("👍", "👍🏽"), ("1\ufe0f⃣", "1"), ("☕", "☕\ufe0f"),
    ("Romeo and Juliet", "romeo & juliet"), ("The Beatles", "beatles"), ("Beatles", "The Beatles"),
    ("The Who", "who"), ("Mona Lisa", "it's the Mona Lisa"), ("Mona Lisa", "I think Mona Lisa"),
    ("Mona Lisa", "mona lisa?"), ("Mona Lisa", "monalisa"), ("yes", "yes."), ("New York", "New  York"),
    ("New York", "newyork"), ("it’s", "its"), ("café", "cafe"), ("café", "café"), ("naïve café", "naive cafe"),
    ("Beyoncé", "beyonce"), ("Pokémon", "pokemon"), ("jalapeño", "jalapeno"), ("Rhône", "rhone"),
    ("Zürich", "Zuerich"), ("Zürich", "zurich"), ("Zurich", "Zürich"), ("Zuerich", "Zürich"), ("Köln", "Koln"),
    ("Köln", "Koeln"), ("Koeln", "Köln"), ("Groen", "Grön"), ("Ngũgĩ wa Thiong'o", "ngugi wa thiongo"),
    ("Māori", "Maori"), ("Hawaiʻi", "Hawaii"), ("Hawaiʻi", "Hawai'i"), ("Xi'an", "Xian"), ("Gdańsk", "gdansk"),
    ("Mikołaj", "mikolaj"), ("Ħal", "hal"), ("Žižek", "zizek"), ("Šariš", "saris"), ("Đorđe", "Djordje"),
    ("Đorđe", "dorde"), ("Ålesund", "Aalesund"), ("Ålesund", "alesund"), ("Malmö", "malmo"),
    ("Malmö", "malmoe"), ("Tórshavn", "torshavn"), ("-5", "moins cinq"), ("200", "two hundred"),
    ("21", "huszonegy"), ("12", "дванадцять"), ("14", "paisprezece"),
]  # fmt: skip
OTHER = [
    ("Dvořák", "Dvorjak"), ("Straße", "Strase"), ("Bahnhof", "die Bahnhöfe"), ("Aachen", "Achen"),
    ("la tour Eiffel", "tour eiffel"), ("Eiffel", "M. Eiffel"), ("ørret", "ørred"), ("Əli", "ali"),
    ("Αθήνα", "Athina"), ("Київ", "Киів"), ("Київ", "Киев"), ("Йога", "Иога"), ("май", "маи"),
    ("Чайковский", "чайковскии"), ("Об'єкт", "объект"), ("Београд", "Beograd"), ("ґанок", "ганок"),
    ("съел", "сьел"), ("הבית", "בית"), ("القاهرة", "قاهرة"), ("١٢٣", "132"), ("हिन्दी", "हिंदी"),
    ("दिल्ली", "दिली"), ("क़िला", "किला"), ("ก้า", "กา"), ("東京", "东京"), ("東京", "とうきょう"),
    ("コーヒー", "コーヒ"),
    ("コンピュータ", "コンピューター"), ("パン", "バン"), ("ハン", "バン"), ("서울", "서울시"),
    ("北京", "北京市"), ("台北", "臺北"), ("十二", "12"),
    ("100", "10"), ("10", "100"), ("1,5", "15"), ("-5", "5"), ("5", "-5"), ("42", "fourty two"), ("42", "42.0"),
    ("42", "042"), ("3", "III"), ("III", "3"), ("XIV", "14"), ("Ludwig XIV", "Louis 14"), ("1st", "first"),
    ("1st", "1."), ("50%", "50"), ("1/2", "0.5"), ("1½", "11/2"), ("3.14", "314"), ("3.14", "3.141"),
    ("10^3", "103"), ("1e3", "1000"), ("12:30", "1230"), ("1989", "'89"), ("sieben", "7"), ("0", "o"),
    ("O", "0"), ("1000000", "one million"), ("C", "C++"), ("C++", "C"), ("C#", "C"), ("C++", "cplusplus"),
    ("F#", "F sharp"), ("A+", "A"), ("A", "A+"), ("A-", "A"), ("rock 'n' roll", "rock & roll"),
    ("#1", "number 1"), ("a=b", "ab"), ("x<y", "x>y"), ("5 €", "5 euro"), ("apple", "аpple"),
    ("apple", "appel"), ("apple", "apples"), ("apple", "aple"), ("🍎", "apple"), ("🍎", "🍏"), ("🇩🇪", "🇫🇷"),
    ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👦"), ("😀😃", "😃😀"), ("Romeo and Juliet", "Juliet and Romeo"),
    ("Romeo and Juliet", "romeo, juliet"), ("Die Zauberflöte", "Zauberflöte"), ("Mona Lisa", "Lisa"),
    ("Mona Lisa", "the answer is not Mona Lisa"), ("yes", "no"), ("A", "the A"), ("Saint Peter", "St. Peter"),
    ("Mount Everest", "Mt Everest"), ("Doctor Who", "Dr. Who"), ("Māori", "Maaori"),
    ("Tchaikovsky", "Tschaikowski"), ("-5", "five"), ("5", "minus five"), ("five", "minus five"),
    ("second", "2"),
]  # fmt: skip
"""What must not match is as important: another number, another sign, another word."""
RICH = [
    (Answer(date="1989-11-09"), "9.11.1989", True), (Answer(date="1989-11-09"), "November 9, 1989", True),
    (Answer(date="1989-11-09"), "9 листопада 1989", True),
    (Answer(date="1989-11-09"), "9 de novembro de 1989", True),
    (Answer(date="1989-11-09"), "9/10/1989", False), (Answer(date="1989-11-09"), "Nov 9th '89", True),
    (Answer(date="1989-11-09"), "1989年11月9日", True), (Answer(date="1989-11-09"), "9. listopadu 1989", True),
    (Answer(date="1989-11-09"), "9 Kasım 1989", True), (Answer(date="1989-11-09"), "9.XI.1989", True),
    (Answer(date="1989-11-09"), "Thursday, 9 November 1989", True),
    (Answer(date="1989-11-09"), "1989", False), (Answer(date="1989-11-09"), "10.11.1989", False),
    (Answer(date="1989-11-09"), "ninth of November 1989", True),
    (Answer(date="1989-11-09"), "9 tháng 11 năm 1989", True),
    (Answer(date="1989-11-09"), "٩ نوفمبر ١٩٨٩", True), (Answer(date="1989-11-09"), "9 בנובמבר 1989", True),
    (Answer(date="1989-11-09"), "9 พฤศจิกายน 2532", True), (Answer(time="14:30"), "2:30 pm", True),
    (Answer(time="14:30"), "half past two", False), (Answer(time="14:30"), "14h30", True),
    (Answer(time="14:30"), "14.30 Uhr", True), (Answer(time="14:30"), "2:30", False),
    (Answer(time="14:30"), "14:31", False), (Answer(time="14:30"), "1430", True),
    (Answer(time="14:30"), "2.30 p.m.", True), (Answer(number=1500), "1,500", True),
    (Answer(number=1500), "1.500", True), (Answer(number=1500), "1 500", True),
    (Answer(number=1500), "1'500", True), (Answer(number=1500), "15 hundred", False),
    (Answer(number=1500), "1.5k", True), (Answer(number=1500), "fifteen hundred", True),
    (Answer(number=1500), "150", False), (Answer(number=1.5), "1,5", True), (Answer(number=1.5), "1 1/2", True),
    (Answer(number=1.5), "one and a half", True), (Answer(number=1.5), "15", False),
    (Answer(number=-5), "-5", True), (Answer(number=-5), "–5", True), (Answer(number=-5), "5", False),
    (Answer(number=12), "XII", False), (Answer(number=12), "twelve", True),
    (Answer(number=12), "dwanaście", True), (Answer(number=12), "δώδεκα", True),
    (Answer(number=12), "十二", True), (Answer(number=12), "१२", True),
    (Answer(number=5, unit="km"), "5000 m", True), (Answer(number=5, unit="km"), "5 km", True),
    (Answer(number=5, unit="km"), "5 miles", False), (Answer(number=5, unit="km"), "3.107 miles", True),
    (Answer(number=5, unit="km"), "5", True), (Answer(number=5, unit="km"), "5 Kilometer", True),
    (Answer(number=5, unit="km"), "5 километров", True), (Answer(number=5, unit="km"), "5 kg", False),
    (Answer(in_any_order=["red", "white", "blue"]), "blue white red", True),
    (Answer(in_any_order=["red", "white", "blue"]), "red, white & blue", True),
    (Answer(in_any_order=["red", "white", "blue"]), "red, white", False),
    (Answer(in_any_order=["red", "white", "blue"]), "red white blue green", False),
    (Answer(in_any_order=["red", "white", "blue"]), "red/white/blue", True),
    (Answer(in_any_order=["rot", "weiß"]), "weiss und rot", True),
    (Answer(in_order=["a", "b"]), "b, a", False), (Answer(in_order=["one", "two"]), "1, 2", True),
    (Answer(date="1989-06-21"), "the twenty-first of June 1989", True),
    (Answer(date="1989-06-21"), "the first of June 1989", False),
    (Answer(number=2.5), "two and a half", True), (Answer(number=2.5), "two", False),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "guess"), SAME)
def test_a_guess_that_people_take_for_the_answer_is_right(answer: str, guess: str) -> None:
    assert TextJudge([answer]).correct(guess)


@pytest.mark.parametrize(("answer", "guess"), OTHER)
def test_a_guess_that_says_something_else_is_wrong(answer: str, guess: str) -> None:
    assert not TextJudge([answer]).correct(guess)


@pytest.mark.parametrize(("answer", "guess", "right"), RICH)
def test_dates_times_numbers_and_lists_are_read_as_people_write_them(answer: Answer, guess: str, right: bool) -> None:
    assert TextJudge([answer]).correct(guess) is right
