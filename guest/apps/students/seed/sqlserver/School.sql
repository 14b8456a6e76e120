-- The assessments of 1,000 students, 20 each, the same ones each time.
--
-- Assessment k of student n (`A-Sn-kk`) is of type k modulo 4 and was taken 19 days after the one before, beginning between 2025-07-01
-- and 2025-07-04: the year to 2026-06-30 is covered, and of each student's five FLUENCY assessments (k = 4, 8, 12, 16, 20) the last
-- three fall between 2026-01-01 and 2026-06-30. Scores lie between 40.00 and 99.99.
CREATE TABLE Assessments (
  id NVARCHAR(64) NOT NULL PRIMARY KEY,
  student_id NVARCHAR(64) NOT NULL,
  type NVARCHAR(32) NOT NULL CHECK (type IN ('FLUENCY', 'COMPREHENSION', 'VOCABULARY', 'PHONICS')),
  score DECIMAL(5,2) NOT NULL CHECK (score BETWEEN 0 AND 100),
  taken_at DATETIME2 NOT NULL,
  idempotency_key NVARCHAR(64) NULL
);

CREATE INDEX IX_Assessments_Student ON Assessments (student_id, taken_at);

CREATE UNIQUE INDEX UX_Assessments_IdempotencyKey ON Assessments (idempotency_key) WHERE idempotency_key IS NOT NULL;

WITH RECURSIVE
  students(n) AS (
    SELECT 1 UNION ALL SELECT n + 1 FROM students WHERE n < 1000
  ),
  rounds(k) AS (
    SELECT 1 UNION ALL SELECT k + 1 FROM rounds WHERE k < 20
  )
INSERT INTO Assessments (id, student_id, type, score, taken_at)
SELECT
  'A-S' || n || '-' || substr('0' || k, -2),
  'S' || n,
  CASE k % 4 WHEN 0 THEN 'FLUENCY' WHEN 1 THEN 'COMPREHENSION' WHEN 2 THEN 'VOCABULARY' ELSE 'PHONICS' END,
  (4000 + (n * 37 + k * 911) % 6000) / 100.0,
  -- 08:00 to 15:59, never midnight.
  datetime('2025-07-01', '+' || ((k - 1) * 19 + n % 4) || ' days', '+' || (480 + (n * 13 + k * 29) % 480) || ' minutes')
FROM students, rounds
ORDER BY n, k;
