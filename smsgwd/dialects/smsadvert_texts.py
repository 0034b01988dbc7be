"""What SMSAdvert's errors say: the page's own strings, and ours beside them in French, Romanian and English."""

from __future__ import annotations

from typing import Final

from smsgwd.model.refusals import Refusal

#: The page has these in English, in whatever language it is.
SUBMITTED: Final = "Your message has been successfully submitted!"
DATABASE: Final = "There was a database error!"
NO_DEVICE: Final = "No connected device!"

LANGUAGES: Final = ("fr", "ro", "en")

# By what is wrong, in the order of LANGUAGES. The French of the first three is of the page and the contract.
_TEXTS: Final = {
    "phone": ("Numéro de téléphone invalide!", "Număr de telefon invalid!", "Invalid phone number!"),
    "shortest": (
        "Saisissez un minimum de caractères 3!",
        "Introduceți minimum 3 caractere!",
        "Enter at least 3 characters!",
    ),
    "longest": (
        "Saisissez un maximum de caractères 480!",
        "Introduceți maximum 480 de caractere!",
        "Enter at most 480 characters!",
    ),
    "most": (
        "Saisissez un maximum de 1000 numéros de téléphone!",
        "Introduceți maximum 1000 de numere de telefon!",
        "Enter at most 1000 phone numbers!",
    ),
    "text type": (
        "Le message doit être une chaîne de caractères!",
        "Mesajul trebuie să fie un șir de caractere!",
        "The message must be a string!",
    ),
    "sendAsShort": (
        "La valeur doit être true ou false!",
        "Valoarea trebuie să fie true sau false!",
        "The value must be true or false!",
    ),
    "moment": (
        "La date doit être un nombre entier de millisecondes (heure UNIX)!",
        "Data trebuie să fie un număr întreg de milisecunde (timp UNIX)!",
        "The date must be a whole number of milliseconds (UNIX time)!",
    ),
    "too far": (
        "La date de début est trop éloignée!",
        "Data de început este prea îndepărtată!",
        "The start date is too far ahead!",
    ),
    "past": (
        "La date de fin est déjà passée!",
        "Data de sfârșit a trecut deja!",
        "The end date is already past!",
    ),
    "backwards": (
        "La date de fin doit être postérieure à la date de début!",
        "Data de sfârșit trebuie să fie după data de început!",
        "The end date must be after the start date!",
    ),
    "failover": (
        'La seule valeur possible est "short"!',
        'Singura valoare posibilă este "short"!',
        'The only possible value is "short"!',
    ),
    "callback": (
        "Adresse de rappel invalide! Une URL http ou https est attendue.",
        "Adresă de callback invalidă! Se așteaptă un URL http sau https.",
        "Invalid callback address! An http or https URL is expected.",
    ),
    "barred": (
        "L'envoi à ce numéro n'est pas autorisé!",
        "Trimiterea către acest număr nu este permisă!",
        "Sending to this number is not allowed!",
    ),
    "unreachable": (
        "Ce numéro ne peut pas être atteint!",
        "Acest număr nu poate fi contactat!",
        "This number cannot be reached!",
    ),
    "hours": (
        "L'envoi à ce numéro n'est pas autorisé à cette heure!",
        "Trimiterea către acest număr nu este permisă la această oră!",
        "Sending to this number is not allowed at this hour!",
    ),
    "duplicate": (
        "Ce message vient déjà d'être envoyé à ce numéro!",
        "Acest mesaj tocmai a fost trimis către acest număr!",
        "This message has just been sent to this number!",
    ),
    "text": (
        "Ce texte ne peut pas être envoyé!",
        "Acest text nu poate fi trimis!",
        "This text cannot be sent!",
    ),
    "parts": (
        "Ce texte est trop long!",
        "Acest text este prea lung!",
        "This text is too long!",
    ),
    "malformed": (
        "La demande n'est pas un objet JSON valide!",
        "Cererea nu este un obiect JSON valid!",
        "The request is no valid JSON object!",
    ),
    "token": (
        "Jeton d'authentification invalide!",
        "Token de autentificare invalid!",
        "Invalid authentication token!",
    ),
    "forbidden": (
        "Ce jeton n'autorise pas cette opération!",
        "Acest token nu permite această operațiune!",
        "This token does not allow this operation!",
    ),
    "sender": (
        "Aucun expéditeur autorisé n'est configuré pour ce compte!",
        "Nu este configurat niciun expeditor permis pentru acest cont!",
        "No allowed sender is set up for this account!",
    ),
    "credit": ("Crédit insuffisant!", "Credit insuficient!", "Insufficient credit!"),
    "path": ("Cette adresse n'existe pas!", "Această adresă nu există!", "There is nothing at this address!"),
    "method": (
        "Seule la méthode POST est acceptée!",
        "Este acceptată doar metoda POST!",
        "Only the POST method is accepted!",
    ),
    "large": ("La demande est trop volumineuse!", "Cererea este prea mare!", "The request is too large!"),
    "type": (
        "Le type du contenu doit être application/json!",
        "Tipul conținutului trebuie să fie application/json!",
        "The content type must be application/json!",
    ),
    "slow": (
        "La demande n'est pas arrivée à temps!",
        "Cererea nu a sosit la timp!",
        "The request did not arrive in time!",
    ),
    "attempts": (
        "Trop de tentatives échouées! Réessayez plus tard.",
        "Prea multe încercări eșuate! Încercați mai târziu.",
        "Too many failed attempts! Try again later.",
    ),
    "rate": (
        "Trop de demandes! Réessayez plus tard.",
        "Prea multe cereri! Încercați mai târziu.",
        "Too many requests! Try again later.",
    ),
    "later": (
        "Service temporairement indisponible! Réessayez plus tard.",
        "Serviciu temporar indisponibil! Încercați mai târziu.",
        "Temporarily unavailable! Try again later.",
    ),
    "internal": (
        "Une erreur interne s'est produite!",
        "A apărut o eroare internă!",
        "An internal error occurred!",
    ),
    "refused": ("La demande a été refusée!", "Cererea a fost respinsă!", "The request was refused!"),
}

#: What is said of a recipient that is refused, in `errors.phone`.
OF_NUMBERS: Final = {
    Refusal.INVALID_RECIPIENT: "phone",
    Refusal.DESTINATION_BARRED: "barred",
    Refusal.OPTED_OUT: "barred",
    Refusal.BLACKLISTED: "barred",
    Refusal.FLOOD: "barred",
    Refusal.NO_ROUTE: "unreachable",
    Refusal.QUIET_HOURS: "hours",
    Refusal.DUPLICATE: "duplicate",
}
#: What is said of other fields, whomever the message is for: (field, text).
OF_FIELDS: Final = {
    Refusal.INVALID_TEXT: ("shortTextMessage", "text"),
    Refusal.TOO_MANY_PARTS: ("shortTextMessage", "parts"),
    Refusal.CONTENT_REFUSED: ("shortTextMessage", "text"),
    Refusal.INVALID_LINK: ("shortTextMessage", "text"),
    Refusal.INVALID_SCHEDULE: ("startDate", "too far"),
    Refusal.INVALID_VALIDITY: ("endDate", "past"),
    Refusal.INVALID_DLR_URL: ("callback", "callback"),
}
#: What is said of a request as a whole.
OF_REQUESTS: Final = {
    Refusal.MALFORMED: "malformed",
    Refusal.UNAUTHENTICATED: "token",
    Refusal.TOO_MANY_FAILURES: "attempts",
    Refusal.NOT_FOUND: "path",
    Refusal.METHOD_NOT_ALLOWED: "method",
    Refusal.TOO_LARGE: "large",
    Refusal.HEADERS_TOO_LARGE: "large",
    Refusal.REQUEST_TIMEOUT: "slow",
    Refusal.UNSUPPORTED_MEDIA_TYPE: "type",
    Refusal.INVALID_SENDER: "sender",
    Refusal.SENDER_NOT_ALLOWED: "sender",
    Refusal.NO_CREDIT: "credit",
    Refusal.ADDRESS_NOT_ALLOWED: "forbidden",
    Refusal.OUT_OF_SCOPE: "forbidden",
    Refusal.OVER_RATE: "rate",
    Refusal.SHUTTING_DOWN: "later",
    Refusal.OVERLOADED: "later",
    Refusal.INTERNAL: "internal",
}
#: The statuses, where they are not the refusal's own; the page has none.
STATUSES: Final = {Refusal.NO_CREDIT: 402, Refusal.INVALID_SENDER: 403, Refusal.SENDER_NOT_ALLOWED: 403}


def texts_in(language: str) -> dict[str, str]:
    """The texts in a language ('' = French), by what is wrong."""
    at = LANGUAGES.index(language or "fr")
    return {what: texts[at] for what, texts in _TEXTS.items()}
