"""Draws what a SELECT answered every so many ticks, through the Python client and pandas:

    SANDTABLE_TOKEN=me sandtable serve earth.db &
    PYTHONPATH=host/client/python SANDTABLE_TOKEN=me python3 examples/client/series.py

Its arguments are the server, the world, the SELECT and how many ticks lie between two
points. In a notebook `frame.plot()` is all there is to it.
"""

import sys

from sandtable_client import Client, Error

USUAL = [
    "http://127.0.0.1:7878",
    "Earth",
    "SELECT sum(gdp_usd) / 1e12 AS trillions FROM economy_economy",
    "30",
]
WIDTH = 50


def main(address, world, sql, every):
    frame = Client(address).world(world).series(sql, int(every)).to_pandas().astype(float)
    for name, column in frame.items():
        low, high = column.min(), column.max()
        print(f"{name}: {low:g} to {high:g}, by {column.diff().mean():+g} a point")
        for tick, value in column.dropna().items():
            bar = "#" * round(WIDTH * (value - low) / ((high - low) or 1))
            print(f"{tick:>8} {value:>12g} {bar}")


if __name__ == "__main__":
    given = sys.argv[1:]
    try:
        main(*given, *USUAL[len(given) :])
    except Error as error:
        sys.exit(f"error: {error}")
