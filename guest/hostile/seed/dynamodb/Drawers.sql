SELECT json_object(
  'PK', json_object('S', 'DRAWER#' || name), 'SK', json_object('S', 'NOTE'), 'owner', json_object('S', 'DRAWER#' || name),
  'text', json_object('S', 'a note of ' || name))
FROM (SELECT 'ann' AS name UNION ALL SELECT 'bob');
