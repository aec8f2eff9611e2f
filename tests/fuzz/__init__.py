"""Bytes and files of others, made wrong in every way: what reads them ends in time, in bounds, and as it says."""
