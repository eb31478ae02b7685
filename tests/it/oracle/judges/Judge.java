// JSSE as a judge. Reads lines of PORT, CA_FILE, EXPECTED_NAME, CLIENT_CERT and CLIENT_KEY, with tabs between (`-` for no
// client certificate), and answers each with `accept` or `refuse`, a tab and why.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public final class Judge {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String answer;
            try {
                answer = "accept\t" + judge(line.split("\t"));
            } catch (Exception refused) {
                Throwable cause = refused;
                while (cause.getCause() != null && cause.getCause() != cause) {
                    cause = cause.getCause();
                }
                answer = "refuse\t" + (refused + (cause == refused ? "" : ": " + cause)).replaceAll("\\s+", " ");
            }
            System.out.println(answer);
        }
    }

    private static String judge(String[] words) throws Exception {
        int port = Integer.parseInt(words[0]);
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream file = new FileInputStream(words[1])) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys(words[3], words[4]), trust.getTrustManagers(), null);

        Socket plain = new Socket("127.0.0.1", port);
        plain.setSoTimeout(60_000);
        try (SSLSocket secure =
                (SSLSocket) context.getSocketFactory().createSocket(plain, words[2], port, true)) {
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            String request = "GET /session.json HTTP/1.0\r\nHost: " + words[2] + "\r\n\r\n";
            secure.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            String answer = new String(secure.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (answer.isEmpty()) {
                throw new Exception("closed without an answer");
            }
            return answer.lines().findFirst().get();
        }
    }

    private static KeyManager[] keys(String certificateFile, String keyFile) throws Exception {
        if (certificateFile.equals("-")) {
            return null;
        }
        Certificate[] chain;
        try (FileInputStream file = new FileInputStream(certificateFile)) {
            chain = CertificateFactory.getInstance("X.509").generateCertificates(file).toArray(new Certificate[0]);
        }
        String pem = Files.readString(Path.of(keyFile)).replaceAll("-----[^-]*-----", "");
        String algorithm = chain[0].getPublicKey().getAlgorithm();
        byte[] key = Base64.getMimeDecoder().decode(pem);
        KeyStore own = KeyStore.getInstance(KeyStore.getDefaultType());
        own.load(null, null);
        own.setKeyEntry(
                "own",
                KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(key)),
                new char[0],
                chain);
        KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
        factory.init(own, new char[0]);
        return factory.getKeyManagers();
    }
}
