from cogx.stores import sqlite
from cogx.testing.store_suite import StoreSuite


class TestSqlite(StoreSuite):
    def open_writer(self, place):
        return sqlite.open_writer(place)

    def open_reader(self, place):
        return sqlite.open_reader(place)
