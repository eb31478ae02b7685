import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;

/** Lists.java CA CERT CRL: what PKIX says of the certificate by that list. */
public class Lists {
    private static final CertificateFactory FACTORY;

    static {
        try {
            FACTORY = CertificateFactory.getInstance("X.509");
        } catch (Exception unlikely) {
            throw new AssertionError(unlikely);
        }
    }

    private static X509Certificate certificate(String path) throws Exception {
        try (InputStream file = new FileInputStream(path)) {
            return (X509Certificate) FACTORY.generateCertificate(file);
        }
    }

    public static void main(String[] arguments) throws Exception {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(certificate(arguments[0]), null)));
        try (InputStream file = new FileInputStream(arguments[2])) {
            CollectionCertStoreParameters lists = new CollectionCertStoreParameters(List.copyOf(FACTORY.generateCRLs(file)));
            parameters.addCertStore(CertStore.getInstance("Collection", lists));
        }
        CertPath path = FACTORY.generateCertPath(List.of(certificate(arguments[1])));
        try {
            CertPathValidator.getInstance("PKIX").validate(path, parameters);
            System.out.println("good");
        } catch (CertPathValidatorException refused) {
            System.out.println(refused.getReason() + ": " + refused.getMessage());
        }
    }
}
