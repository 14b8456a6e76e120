-- The student whose assessments workload A reads.
SELECT json_object(
  'PK', json_object('S', 'STUDENT#S1'),
  'SK', json_object('S', 'PROFILE'),
  'id', json_object('S', 'S1'),
  'name', json_object('S', 'Ben Berg'),
  'grade', json_object('N', '2'),
  'readingLevel', json_object('S', 'Level 3')
)
