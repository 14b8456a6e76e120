-- The first items of the table: one SQLite SELECT, one item as DynamoDB JSON a row.
SELECT json_object('language', json_object('S', column1), 'text', json_object('S', column2))
FROM (VALUES ('en', 'Hello'), ('de', 'Hallo'), ('fr', 'Bonjour'), ('ja', 'こんにちは'))
