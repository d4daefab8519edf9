"""Bytes that know no model: the strict container, its metadata, how a file is published and locked."""
