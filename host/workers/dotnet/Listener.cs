// Workers on another machine: the same conversation over TCP and TLS, with a certificate on both sides.
//
// Each connection takes one call at a time, and has a thread of its own. Nothing here ends a method that hangs, or a process that a
// native library brings down: what starts the worker there (a service, with a restart) has to.
using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;

namespace Mayfly
{
    public static class Listener
    {
        private const int HandshakeMs = 10000;
        /// <summary>The environment variable with the password of the server's key.</summary>
        private const string Password = "MAYFLY_WORKER_CERTIFICATE_PASSWORD";

        public static int Run(Options options, Methods methods)
        {
            X509Certificate2 server = ServerCertificate(options.Certificate);
            X509Certificate2 authority = Authority(options.ClientCa);
            var listener = Listen(options.Listen);
            Console.Out.WriteLine("listening on " + listener.LocalEndpoint);
            var free = new SemaphoreSlim(options.Connections);
            while (true)
            {
                free.Wait();
                TcpClient client = listener.AcceptTcpClient();
                new Thread(() =>
                {
                    try
                    {
                        Serve(client, server, authority, methods);
                    }
                    finally
                    {
                        client.Close();
                        free.Release();
                    }
                }) { IsBackground = true }.Start();
            }
        }

        private static void Serve(TcpClient client, X509Certificate2 server, X509Certificate2 authority, Methods methods)
        {
            client.NoDelay = true;
            client.ReceiveTimeout = HandshakeMs;
            client.SendTimeout = HandshakeMs;
            try
            {
                RemoteCertificateValidationCallback isOurs = (sender, certificate, chain, errors) => IsSignedBy(authority, certificate);
                using (var tls = new SslStream(client.GetStream(), false, isOurs))
                {
                    tls.AuthenticateAsServer(server, true, SslProtocols.Tls12, false);
                    client.ReceiveTimeout = 0;
                    client.SendTimeout = 0;
                    new Session(tls, methods).Run();
                }
            }
            catch (Exception error) when (error is IOException || error is AuthenticationException || error is InvalidOperationException)
            {
                string reason = (error.InnerException ?? error).Message;
                Program.Say("a connection was refused: " + reason.Split('\n')[0]);
            }
        }

        /// <summary>Whether a client's certificate is valid now and leads to the authority.</summary>
        private static bool IsSignedBy(X509Certificate2 authority, X509Certificate certificate)
        {
            if (certificate == null)
            {
                return false;
            }
            var chain = new X509Chain();
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
            chain.ChainPolicy.ExtraStore.Add(authority);
            if (!chain.Build(new X509Certificate2(certificate)) || chain.ChainElements.Count == 0)
            {
                return false;
            }
            foreach (X509ChainStatus status in chain.ChainStatus)
            {
                if (status.Status != X509ChainStatusFlags.NoError && status.Status != X509ChainStatusFlags.UntrustedRoot)
                {
                    return false;
                }
            }
            return chain.ChainElements[chain.ChainElements.Count - 1].Certificate.Thumbprint == authority.Thumbprint;
        }

        private static TcpListener Listen(string address)
        {
            int colon = address.LastIndexOf(':');
            IPAddress host;
            ushort port;
            if (colon < 0 || !IPAddress.TryParse(address.Substring(0, colon).Trim('[', ']'), out host) || !ushort.TryParse(address.Substring(colon + 1), out port))
            {
                throw new StartException("`--listen " + address + "` is not an address and a port, such as 0.0.0.0:7443");
            }
            try
            {
                var listener = new TcpListener(host, port);
                listener.Start();
                return listener;
            }
            catch (SocketException error)
            {
                throw new StartException("cannot listen on " + address + ": " + error.Message);
            }
        }

        private static X509Certificate2 ServerCertificate(string path)
        {
            try
            {
                var certificate = new X509Certificate2(path, Environment.GetEnvironmentVariable(Password) ?? "");
                if (certificate.HasPrivateKey)
                {
                    return certificate;
                }
                throw new StartException(path + " has no private key: export the certificate with its key as PKCS #12");
            }
            catch (Exception error) when (error is IOException || error is CryptographicException || error is UnauthorizedAccessException)
            {
                throw new StartException("cannot read " + path + ": " + error.Message + " (expected a certificate with its key as PKCS #12; "
                    + "its password is the variable " + Password + "; Mono reads what `openssl pkcs12 -export -certpbe PBE-SHA1-3DES "
                    + "-keypbe PBE-SHA1-3DES -macalg sha1` writes)");
            }
        }

        private static X509Certificate2 Authority(string path)
        {
            try
            {
                const string Begin = "-----BEGIN CERTIFICATE-----";
                string text = File.ReadAllText(path);
                int from = text.IndexOf(Begin, StringComparison.Ordinal);
                int to = text.IndexOf("-----END CERTIFICATE-----", StringComparison.Ordinal);
                if (from >= 0 && to > from)
                {
                    from += Begin.Length;
                    return new X509Certificate2(Convert.FromBase64String(text.Substring(from, to - from).Replace("\n", "").Replace("\r", "")));
                }
            }
            catch (Exception error) when (error is IOException || error is FormatException || error is CryptographicException || error is UnauthorizedAccessException)
            {
                throw new StartException("cannot read " + path + ": " + error.Message);
            }
            throw new StartException(path + " has no certificate in PEM: give the one that signed the host's certificate");
        }
    }
}
