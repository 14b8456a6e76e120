CREATE TABLE Secrets (value NVARCHAR(64) NOT NULL);
INSERT INTO Secrets (value) VALUES ('a secret');

CREATE TABLE Marks (id NVARCHAR(64) NOT NULL PRIMARY KEY);

-- Some megabytes of rows: more than a stream holds at once.
CREATE TABLE Numbers (number INT NOT NULL PRIMARY KEY, note NVARCHAR(200) NOT NULL);
INSERT INTO Numbers (number, note)
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 20000)
SELECT number, printf('%.200c', 'x') FROM numbers;

-- Texts of these lengths; the test of the memory plan fills it.
CREATE TABLE Sizes (bytes INT NOT NULL PRIMARY KEY, note NVARCHAR(MAX) NOT NULL);
