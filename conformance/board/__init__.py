"""The live board: a tap in front of each server of a LAN, and a page that shows every conversation while it happens."""
