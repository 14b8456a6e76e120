-- 1,000 students, S1 to S1000, the same ones each time: one item a row, as DynamoDB JSON.
--
-- Names come from two lists whose lengths (20 and 23) have no common divisor, so the first 460 students have different names.
-- Grades run 1 to 12; the reading level lies around the grade: "Level 1" to "Level 14".
WITH RECURSIVE
  given(names) AS (
    VALUES (json('["Ada","Ben","Chloe","Diego","Elif","Finn","Grace","Hugo","Ines","Jonas","Kaya","Liam","Mina","Noah","Olga","Priya","Quinn","Rosa","Sami","Tara"]'))
  ),
  family(names) AS (
    VALUES (json('["Abel","Berg","Costa","Diaz","Evans","Fischer","Gupta","Hansen","Ito","Jensen","Khan","Lopez","Moreau","Novak","Okafor","Park","Quist","Rossi","Silva","Tanaka","Urban","Vogel","Wagner"]'))
  ),
  numbers(n) AS (
    SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000
  )
SELECT json_object(
  'PK', json_object('S', 'STUDENT#S' || n),
  'SK', json_object('S', 'PROFILE'),
  'id', json_object('S', 'S' || n),
  'name', json_object('S', json_extract(given.names, '$[' || (n % 20) || ']') || ' ' || json_extract(family.names, '$[' || (n % 23) || ']')),
  'grade', json_object('N', CAST(1 + n % 12 AS TEXT)),
  'readingLevel', json_object('S', 'Level ' || (1 + n % 12 + n % 3))
)
FROM numbers, given, family
ORDER BY n
