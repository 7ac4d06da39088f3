"""Which products are behind a password, which no member of the API says, so that what a password protects
does not become public here.

Of a Tillroll everybody sees such a product without its content. A WordPress shows that too, but calls the
product "Protected: ..." where it goes by its title: in version 1's sales, and in the download log.
"""

import msgspec

from tillroll.intake.remote.answers import DownloadAnswer, ProductAnswer, SaleAnswer, text, whole
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.lists import OnRead
from tillroll.intake.remote.pages import Pages, Place, Record
from tillroll.intake.remote.said import refuse_form

PUBLIC_PRODUCTS, TITLES = "public products", "titles of products"

_PREFIX = "Protected: "
_ANSWER = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_titles(client: Client, pages: Pages, on_read: OnRead) -> None:
    """What version 1 calls each product that was sold, by one sale of it."""
    sold: dict[int, str] = {}
    for body in pages.list_bodies("sales"):
        sale = msgspec.json.decode(body, type=SaleAnswer)
        if key := text(sale.key):
            sold |= {whole(item.id): key for item in sale.products}
    for place, (product, key) in enumerate(sorted(sold.items())):
        if pages.get_body(TITLES, str(product)) is not None:
            continue
        on_read(place, len(sold), TITLES)
        reply = client.get("sales", {"purchasekey": key}, version="v1")
        try:
            found = _ANSWER.decode(reply.content).get("sales")
            sales = msgspec.json.decode(found, type=list[SaleAnswer]) if found else []
        except msgspec.DecodeError as error:
            raise refuse_form("sales of version 1", error) from None
        records = [Record(str(product), b"")]
        records += [
            Record(str(whole(item.id)), text(item.name).encode()) for sale in sales for item in sale.products
        ]
        pages.put(TITLES, Place(1), records)


def find_protected(pages: Pages, products: dict[int, ProductAnswer]) -> set[int]:
    """The ids of those of some products."""
    titles = [(whole(key), title.decode()) for key, title in pages.list_records(TITLES)]
    for body in pages.list_bodies("file downloads"):
        line = msgspec.json.decode(body, type=DownloadAnswer)
        titles.append((whole(line.product_id), text(line.product_name)))
    protected = {
        id_
        for id_, title in titles
        if title.startswith(_PREFIX) and id_ in products and not products[id_].info.title.startswith(_PREFIX)
    }
    for body in pages.list_bodies(PUBLIC_PRODUCTS):
        info = msgspec.json.decode(body, type=ProductAnswer).info
        mine = products.get(whole(info.id))
        if mine and (mine.info.content, mine.info.excerpt) != (info.content, info.excerpt) == ("", ""):
            protected.add(whole(info.id))
    return protected
