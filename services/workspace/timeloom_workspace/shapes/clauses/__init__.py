"""Where clauses: parsed, typed against a table's columns, evaluated in Python and written as bound SQL."""
