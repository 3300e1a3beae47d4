"""What a key that a hunt file cannot have is likely meant to be: a slip, another word, another language. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from huntserver.suggestion import did_you_mean

_WORDS: Final[dict[str, str]] = {
    "title": "titel titre titulo título titolo tytuł name nom nombre nome naam überschrift headline heading "
        "caption",
    "intro": "introduction einleitung einführung introducción introduzione introdução inleiding wstęp welcome "
        "description",
    "clues": "clue questions question fragen frage puzzles puzzle riddles riddle rätsel raetsel aufgaben "
        "stationen stations stops tasks challenges items énigmes enigmes énigme pistas pista preguntas "
        "enigmi domande indovinelli perguntas vragen opdrachten raadsels zagadki pytania steps stages",
    "text": "question frage body content prompt description beschreibung aufgabe rätsel raetsel énoncé enonce "
        "pregunta enunciado texte texto testo tekst domanda pergunta vraag pytanie riddle",
    "answers": "answer antwort antworten lösung lösungen loesung loesungen réponse réponses reponse reponses "
        "respuesta respuestas risposta risposte resposta respostas antwoord antwoorden odpowiedź "
        "odpowiedzi flag flags accepted keys key",
    "points": "point punkte score value worth puntos puntaje punti pontos punten punkty pisteet reward",
    "hints": "hint hinweis hinweise tipp tipps tip tips indice indices astuce ayuda ayudas suggerimento "
        "suggerimenti aiuto dica dicas wskazówka wskazówki help_text",
    "price": "cost preis kosten prix coût cout precio coste prezzo costo preço prijs cena penalty",
    "unlock": "unlocks requires require depends depends_on prerequisite prerequisites after needs condition "
        "voraussetzung requirement requirements locked_by opens_after",
    "kind": "type typ art genre tipo soort rodzaj",
    "codes": "code qr qrcode qr_code",
    "location": "position place ort standort lieu ubicación ubicacion posizione luogo local locatie miejsce "
        "coordinates coordinate coords gps geo",
    "lat": "latitude breite breitengrad latitud latitudine",
    "lon": "lng long longitude länge laenge längengrad longitud longitudine",
    "radius_m": "radius rayon radio raggio raio distance tolerance",
    "starts_at": "start start_time begin begins beginn starts from date inicio inizio début debut",
    "ends_at": "end end_time ende finish until fin fine stop fim einde koniec",
    "opens_at": "open opens doors",
    "duration_s": "duration dauer durée duree duración durata duração duur length time_limit minutes hours",
    "schedule": "zeitplan times horaire horario orario time",
    "teams": "team mannschaften équipes equipes equipos squadre equipas drużyny",
    "treasures": "treasure schätze schaetze schatz trésors tresors tesoros tesori",
    "rounds": "round runden runde chapters groups sections",
    "solution": "explanation erklärung auflösung explication explicación",
    "solved_text": "on_solve success congratulations",
    "options": "choices optionen auswahl option möglichkeiten",
    "right": "correct correct_answer richtig",
    "size_max": "max_size size team_size max_players",
    "players_max": "max_teams max_participants",
    "mode": "modus",
    "id": "identifier slug kennung",
    "quantity": "count anzahl amount number",
    "after_s": "delay available_after wait",
}  # fmt: skip
_MEANT: Final[dict[str, tuple[str, ...]]] = {}
for _key, _others in _WORDS.items():
    for _word in _others.split():
        _MEANT[_word] = (*_MEANT.get(_word, ()), _key)


def meant(word: str, known: Sequence[str], elsewhere: Collection[str] = ()) -> str:
    """Return the known key that an unknown one most likely means, "" for none; `elsewhere`: keys of other parts."""
    plain = "_".join(word.strip().casefold().replace("-", " ").split())
    if plain in known:
        return plain
    for key in _MEANT.get(plain, ()):
        if key in known:
            return key
    near = did_you_mean(plain, known) if plain not in elsewhere else ""
    return near.split("'")[1] if near else ""


def cure(word: str, known: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    """Return what to do about an unknown key; `elsewhere`: keys of other parts, each with the part it belongs into."""
    if near := meant(word, known, elsewhere):
        return f"did you mean {near!r}?"
    if where := elsewhere.get(word.strip().casefold()):
        return f"it belongs into {where}"
    return f"allowed here are {', '.join(known)}"
