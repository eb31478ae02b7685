// Client.java PORT CA_FILE EXPECTED_NAME TLS_VERSION MESSAGE

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public final class Client {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream file = new FileInputStream(arguments[1])) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);

        Socket plain = new Socket("127.0.0.1", port);
        plain.setSoTimeout(60_000);
        try (SSLSocket secure =
                (SSLSocket) context.getSocketFactory().createSocket(plain, arguments[2], port, true)) {
            secure.setEnabledProtocols(new String[] {"TLSv" + arguments[3]});
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            System.out.println("version: " + secure.getSession().getProtocol());
            secure.getOutputStream().write((arguments[4] + "\n").getBytes(StandardCharsets.UTF_8));
            BufferedReader replies =
                    new BufferedReader(new InputStreamReader(secure.getInputStream(), StandardCharsets.UTF_8));
            System.out.println("From Server: " + replies.readLine());
        }
    }
}
