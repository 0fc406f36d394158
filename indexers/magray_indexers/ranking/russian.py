"""English words for Russian ones: names in code are English, whatever language the question is in.

A small glossary of what programs are made of, by the beginnings of words; not a translator.
"""

from __future__ import annotations

from functools import lru_cache

_GLOSSARY = """
авториз authorization auth; адрес address; аргумент argument; асинхрон async; аутентифи authentication auth
баз database; библиотек library; блокиров lock; буфер buffer; ввод input; верси version; ветк branch; вложен nested
внедрен injection; возврат return; врем time; времен time temporary; вставк insert; вывод output print; вызов call
вызыва call; выполн execute run; выраж expression; генер generate; групп group; данн data; дат date; декод decode
дерев tree; диагност diagnostic; диапазон range; директор directory; длин length; добав add; документ document
доступ access; журнал log; заверш finish shutdown; зависим dependency; заголов header title
загру load download upload; задач task; задерж delay; заказ order; закры close; замен replace; запис write record
запрос request query; запуск start run; значен value; игнор ignore; идентиф identifier id; измен change; изображ image
имен name; импорт import; имя name; индекс index; интерфейс interface; искат search find; исключ exception exclude
истор history; итер iterate; календар calendar; каталог directory; кеш cache; класс class; клиент client; ключ key
кнопк button; код code; кодир encode; коллекц collection; команд command; комментар comment; коммит commit
компил compile; компонент component; конвейер pipeline; конверт convert; конец end; контекст context
контроллер controller; конфиг config configuration; копи copy; корзин basket cart; корн root; корутин coroutine
кук cookie; кэш cache; лиценз license; лог log; локал locale local; маршрут route; массив array; метод method
миграц migration; множеств set; модел model; модул module; мьютекс mutex; наследов inheritance; настро setting config
начал start begin; нормализ normalize; оберт wrapper; обнов update; обрабатыв handle process; обработ handle process
обратн back reverse; объект object; ограничен limit; окн window; оплат payment; опци option; остан stop
откат rollback; откры open; отлад debug; отмен cancel undo; отображ display render; отправ send; отслежив track watch
отступ indent; очеред queue; очист clean clear; ошиб error; пакет package packet; памят memory; папк folder directory
параметр parameter; парол password; парс parse; перевод translation; перегруз reload overload; передач transfer
переимен rename; перемен variable; перемещ move; перенаправ redirect; переопредел override; печат print; плагин plugin
план plan; повтор retry repeat; подключ connect connection; подпис signature subscribe; позици position
поиск search find; поле field; получ get receive; пользоват user; попыт attempt retry; порт port; порядок order
поток thread stream; почт mail; прав permission; правил rule; преобраз convert transform; привязк binding
привязыв binding; приложен application; провер check validate verify; программ program; прогресс progress
прокси proxy; пространств namespace; протокол protocol; процесс process; пут path; разбира parse; разбор parse
размер size; разрешен permission resolve; ранжир rank; расшир extension; реализ implement; регистр register
редактор editor; редирект redirect; режим mode; результат result; рекурс recursive; рендер render; рефактор refactor
роут route; сборк build; свойств property; сервер server; сериализ serialize; сертификат certificate; сесси session
сет network; сжат compress; сигнал signal; символ symbol character; синтак syntax; синхрон sync; скач download
скидк discount; слияни merge; словар dict map; слот slot; служб service; событ event; соединен connection
созда create; сокет socket; сообщен message; сопостав match; сортир sort; состоян state; сохран save store; списк list
список list; сравн compare; ссылк link reference; статус status; стек stack; стил style; страниц page
стро string line; структур struct structure; сумм sum; схем schema; таблиц table; таймаут timeout; таймер timer
тел body; тест test; тип type; токен token; точк point; трассир trace; уведомл notification; удал delete remove
узел node; узл node; указател pointer; услов condition; установ install set; утечк leak; утилит utility
фабрик factory; файл file; фильтр filter; флаг flag; фон background; форм form; формат format; функц function
хеш hash; хран storage store; хэш hash; цвет color; цен price; цикл loop; числ number; чита read; чтени read
шаблон template pattern; шаг step; шифр encrypt cipher; экземпляр instance; экспорт export; элемент element item
язык language
"""
_MIN_BEGINNING = 3


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, ...]]:
    entries = (entry.split() for line in _GLOSSARY.splitlines() for entry in line.split(";") if entry.strip())
    return {beginning: tuple(english) for beginning, *english in entries}


def english_for(word: str) -> tuple[str, ...]:
    """English words for a lower-case Russian one, by its longest known beginning; nothing for other words."""
    if not word or not "а" <= word[0] <= "я":
        return ()
    known = _known()
    for end in range(len(word), _MIN_BEGINNING - 1, -1):
        found = known.get(word[:end])
        if found:
            return found
    return ()
